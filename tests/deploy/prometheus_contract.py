#!/usr/bin/python3
"""Contract between the server's metrics and all that names them: rules, dashboard, autoscaler and docs.

Debian's Prometheus scrapes a live server under load that trains as well. Nothing here depends on how fast anything is.
"""
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

import monitoring_stack
from grpc_by_hand import call_unknown
from monitoring_stack import BIN, DEPLOY, ROOT, Program, Prometheus, Server, shortened, wait_for
from promql_names import grouping_labels, selectors

SLO_SECONDS = 0.25
TARGET_LABELS = {"namespace", "pod", "job", "instance", "app_kubernetes_io_component"}  # Prometheus's own, some of them only on Kubernetes
SERIES_LIMIT = 2000  # of one server with one model and one job; it has about 700
HOSTILE_CALLS = 300
# Names in manifests and docs that look like metrics and are none.
NO_METRICS = set()


def dashboard_targets():
    """(panel, expression, legend) with the dashboard's variables filled in."""
    for panel in json.loads((ROOT / "deploy/grafana/ganserve.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"].replace("$__rate_interval", "1m")
            yield panel["title"], re.sub(r'\$(namespace|job|instance)\b', ".*", expression), target["legendFormat"]


def naming_files():
    """All that operators read or run and that names metrics."""
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    files += [path for path in (ROOT / "deploy").rglob("*") if path.suffix in (".yml", ".yaml", ".json", ".md")]
    return sorted(files)


def kubernetes_job():
    """kubernetes.yml's job with three static targets that carry what Kubernetes would tell of three pods; the first is to be kept."""
    text = shortened((DEPLOY / "kubernetes.yml").read_text())
    job = text[text.index("  # The rules ask for this name."):].replace("job_name: ganserve", "job_name: pods")
    pods = [("ganserve", "metrics", "Running"), ("ganserve", "grpc", "Running"), ("ganserve", "metrics", "Succeeded")]
    static = "    static_configs:\n"
    for number, (name, port, phase) in enumerate(pods):
        labels = {"pod_label_app_kubernetes_io_name": name, "pod_container_port_name": port, "pod_phase": phase,
                  "pod_label_app_kubernetes_io_component": "server",
                  "namespace": "images", "pod_name": f"ganserve-{number}"}
        static += f"      - targets: ['127.0.0.1:{number + 1}']\n        labels:\n"
        static += "".join(f"          __meta_kubernetes_{label}: {value}\n" for label, value in labels.items())
    found = "    kubernetes_sd_configs:\n      - role: pod\n"
    assert found in job
    return job.replace(found, static)


class PrometheusContract(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.server = Server(cls.folder, "--max-jobs", "3", "--reflection", "off")
        cls.addClassCleanup(cls.server.stop)
        cls.prometheus = Prometheus(cls.folder, [cls.server.metrics], extra_scrapes=kubernetes_job())
        cls.addClassCleanup(cls.prometheus.stop)
        bench = Program(cls.folder, BIN / "ganctl", "--server", cls.server.address, "bench", "--rate", "20", "--warmup", "0",
                        "--duration", "86400")
        cls.addClassCleanup(bench.stop)
        cls.job = cls.server.train()
        wait_for("a checkpoint", lambda: cls.finite("ganserve_train_checkpoint_timestamp_seconds"))
        for series in cls.recorded():
            wait_for(series, lambda: cls.finite(series))

    @classmethod
    def rules(cls):
        groups = monitoring_stack.get_json(cls.prometheus.address, "/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    @classmethod
    def recorded(cls):
        return [rule["name"] for rule in cls.rules() if rule["type"] == "recording"]

    @classmethod
    def finite(cls, expression):
        """The samples that are numbers."""
        return [sample for sample in cls.prometheus.query(expression) if math.isfinite(float(sample["value"][1]))]

    def families(self):
        """Name to type, as the server tells."""
        return dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.server.metrics_text(), re.MULTILINE))

    def series(self):
        """All series, without those of the HTTP library."""
        lines = self.server.metrics_text().splitlines()
        return {line.rsplit(" ", 1)[0] for line in lines if line and not line.startswith(("#", "exposer_"))}

    def fault_of(self, metric, label, operator, value):
        """Why a selector with this matcher can find nothing; None if it can."""
        if label in TARGET_LABELS or "$" in value:
            return None
        values = value.split("|") if operator == "=~" and not re.search(r"[.*+(\[]", value) else [value]
        matchers = [f'{label}="{one}"' for one in values] if operator in ("=", "=~") and ".*" not in value else [f'{label}!=""']
        for matcher in matchers:
            if not self.prometheus.query(f"{metric}{{{matcher}}}"):
                return f"no series {metric}{{{matcher}}}"
        return None

    def test_every_metric_and_label_that_is_named_exists(self):
        families, faults, named = self.families(), [], set()
        for path in naming_files():
            for metric, matchers in selectors(path.read_text()):
                if metric in NO_METRICS:
                    continue
                named.add(metric)
                base = re.sub(r"_(bucket|sum|count)$", "", metric)
                if families.get(base) == "histogram":
                    metric = base + "_bucket"
                found = [f"no series {metric}"] if not self.prometheus.query(metric) else [
                    self.fault_of(metric, *matcher) for matcher in matchers]
                faults += [f"{path.relative_to(ROOT)}: {fault}" for fault in found if fault]
        self.assertEqual(faults, [])
        self.assertGreater(len(named), 40)

    def test_every_grouping_label_exists(self):
        known = set(monitoring_stack.get_json(self.prometheus.address, "/api/v1/labels")["data"]) | TARGET_LABELS
        texts = [path.read_text() for path in naming_files() if path.suffix != ".md"]
        self.assertEqual(set().union(*map(grouping_labels, texts)) - known, set())

    def test_every_query_of_the_dashboard_returns_data(self):
        for panel, expression, legend in dashboard_targets():
            with self.subTest(panel=panel, query=expression):
                samples = wait_for("data", lambda: self.finite(expression))
                for label in re.findall(r"\{\{(\w+)\}\}", legend):
                    self.assertIn(label, samples[0]["metric"])

    def test_every_rule_is_evaluated_without_a_fault(self):
        def evaluated():
            rules = self.rules()
            return rules if all(rule["health"] != "unknown" for rule in rules) else None
        for rule in wait_for("all rules evaluated", evaluated):
            self.assertEqual((rule["name"], rule["health"], rule.get("lastError", "")), (rule["name"], "ok", ""))

    def test_every_family_of_the_server_is_documented(self):
        docs = " ".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
        ours = {name for name in self.families() if name.startswith("ganserve_")}
        self.assertEqual({name for name in ours if f"`{name}" not in docs}, set())

    def test_promtool_finds_nothing_in_our_metrics(self):
        # exposer_* are of prometheus-cpp's HTTP server, which can't be told to leave them out.
        text = "".join(line for line in self.server.metrics_text().splitlines(keepends=True)
                       if not re.match(r"(# (HELP|TYPE) )?exposer_", line))
        found = subprocess.run(["promtool", "check", "metrics", "--extended"], input=text, capture_output=True, text=True)
        self.assertEqual((found.returncode, found.stderr), (0, ""))

    def test_histograms_of_seconds_have_a_bucket_at_the_objective_and_reach_beyond_10_s(self):
        text = self.server.metrics_text()
        histograms = [name for name, kind in self.families().items() if kind == "histogram" and name.endswith("_seconds")]
        self.assertGreaterEqual(len(histograms), 4)
        for name in histograms:
            bounds = {float(bound) for bound in re.findall(rf'^{name}_bucket\{{.*?le="([^"]+)"', text, re.MULTILINE)}
            self.assertIn(SLO_SECONDS, bounds, name)
            self.assertGreater(max(bound for bound in bounds if math.isfinite(bound)), 10, name)

    def test_hostile_names_make_no_series(self):
        before = self.series()
        self.assertLess(len(before), SERIES_LIMIT)
        paths = [f"/ganserve.v1.ImageService/{self.random_name()}" for _ in range(HOSTILE_CALLS)]
        self.assertEqual(call_unknown(self.server.address, paths, monitoring_stack.PATIENCE_S), HOSTILE_CALLS)
        names = [self.random_name() for _ in range(HOSTILE_CALLS // 10)]
        for name in names:  # a process each, hence fewer
            self.server.ganctl("generate", "--model", name, "--out", str(self.folder / "images"), check=False)
            self.server.ganctl("jobs", "show", name, check=False)
            self.server.ganctl("models", "activate", name, "1", check=False)
        self.assertEqual(self.series() - before, set())

    def random_name(self):
        return "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789-_.", k=20))

    def test_jobs_are_bounded_and_their_series_go_with_them(self):
        before = self.series()
        others = [self.server.ganctl("train", "--data", "noise", "--detach", check=False) for _ in range(5)]
        accepted = [job for job in others if job]
        self.assertEqual(len(accepted), 2)  # --max-jobs 3, and one trains already
        for job in accepted:
            self.server.ganctl("jobs", "cancel", job)
            self.server.ganctl("jobs", "delete", job)
        self.assertFalse([series for series in self.series() - before if any(job in series for job in accepted)])

    def test_kubernetes_discovery_keeps_the_metrics_port_of_pods_that_run(self):
        targets = monitoring_stack.get_json(self.prometheus.address, "/api/v1/targets")["data"]
        kept = [target["labels"] for target in targets["activeTargets"] if target["scrapePool"] == "pods"]
        self.assertEqual(kept, [{"instance": "127.0.0.1:1", "job": "pods", "namespace": "images", "pod": "ganserve-0",
                                 "app_kubernetes_io_component": "server"}])
        dropped = [target for target in targets["droppedTargets"] if target["discoveredLabels"]["job"] == "pods"]
        self.assertEqual(len(dropped), 2)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
