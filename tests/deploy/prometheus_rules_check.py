#!/usr/bin/python3
"""Checks of deploy/prometheus that need no server: syntax, unit tests of the rules, and that no alert lacks its parts."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "prometheus"
RULES = sorted((DEPLOY / "rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "tests/deploy/prometheus_rules").glob("*.yml"))
RUNBOOK = "docs/operations.md"
ENOUGH_ALERTS = 16  # what there was once; fewer were lost
YAMLLINT = "{extends: default, rules: {line-length: disable, document-start: disable, comments: disable, comments-indentation: disable}}"


def rules(kind):
    """All rules that are an "alert", or that "record"."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def tested_alerts():
    """The names of alerts that a unit test wants to fire, and those that one wants silent."""
    checks = [check for path in RULE_TESTS for test in yaml.safe_load(path.read_text())["tests"] for check in test["alert_rule_test"]]
    return ({check["alertname"] for check in checks if check["exp_alerts"]},
            {check["alertname"] for check in checks if not check["exp_alerts"]})


class PrometheusRules(unittest.TestCase):
    def run_tool(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{command}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_lint(self):
        self.run_tool("promtool", "check", "rules", "--lint-fatal", *RULES)
        self.run_tool("yamllint", "--strict", "-d", YAMLLINT, DEPLOY, ROOT / "tests/deploy/prometheus_rules")

    def test_configurations(self):
        self.run_tool("promtool", "check", "config", DEPLOY / "prometheus.yml")
        self.run_tool("amtool", "check-config", DEPLOY / "alertmanager.yml")

    def test_configuration_for_kubernetes(self):
        # Debian builds Prometheus without Kubernetes: its discovery has to be taken for another. prometheus_contract.py tries the rest.
        text = (DEPLOY / "kubernetes.yml").read_text()
        discovery = "kubernetes_sd_configs:\n      - role: pod\n"
        self.assertIn(discovery, text)
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "kubernetes.yml"
            config.write_text(text.replace(discovery, "static_configs: []\n"))
            shutil.copytree(DEPLOY / "rules", pathlib.Path(folder) / "rules")
            self.run_tool("promtool", "check", "config", config)

    def test_unit_tests(self):
        self.run_tool("promtool", "test", "rules", *RULE_TESTS)

    def test_every_alert_has_a_unit_test_in_which_it_fires_and_one_in_which_it_is_silent(self):
        alerts = {rule["alert"] for rule in rules("alert")}
        self.assertGreaterEqual(len(alerts), ENOUGH_ALERTS)
        fires, silent = tested_alerts()
        self.assertEqual((alerts - fires, alerts - silent), (set(), set()))

    def test_every_alert_has_severity_texts_and_a_section_in_the_runbook(self):
        sections = set(re.findall(r"^### (\w+)$", (ROOT / RUNBOOK).read_text(), re.MULTILINE))
        alerts = {rule["alert"] for rule in rules("alert")}
        for rule in rules("alert"):
            with self.subTest(alert=rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                self.assertIn("for", rule)
                self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"])
                self.assertEqual(rule["annotations"]["runbook_url"], f"{RUNBOOK}#{rule['alert'].lower()}")
        self.assertEqual(alerts ^ {name for name in sections if name.startswith("Ganserve")}, set())

    def test_every_section_of_the_runbook_says_meaning_impact_check_and_what_to_do(self):
        text = (ROOT / RUNBOOK).read_text()
        for rule in rules("alert"):
            section = re.search(rf"^### {rule['alert']}$(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)[1]
            for part in ("Meaning", "Impact", "Check", "Do"):
                self.assertIn(f"**{part}.**", section, rule["alert"])

    def test_recorded_windows_differ_in_nothing_but_their_length(self):
        by_series = {}
        for rule in rules("record"):
            series, window = rule["record"].rsplit(":rate", 1)
            self.assertIn(f"[{window}]", rule["expr"])
            by_series.setdefault(series, set()).add(rule["expr"].replace(f"[{window}]", "[]"))
        self.assertEqual({series for series, expressions in by_series.items() if len(expressions) != 1}, set())

    def test_what_is_made_is_up_to_date(self):
        self.run_tool(DEPLOY / "make_operator_rules", "--check")
        self.run_tool(ROOT / "deploy/grafana/make_dashboard", "--check")

    def test_the_objects_for_the_operator_hold_the_rules(self):
        objects = [yaml.safe_load(path.read_text()) for path in (DEPLOY / "operator").glob("*.yaml")]
        groups = [group for one in objects if one["kind"] == "PrometheusRule" for group in one["spec"]["groups"]]
        source = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
        self.assertCountEqual(groups, source)

    @unittest.skipUnless(shutil.which("kubectl"), "no kubectl")
    def test_kustomize_takes_them(self):
        built = list(yaml.safe_load_all(self.run_tool("kubectl", "kustomize", DEPLOY / "operator")))
        self.assertEqual(len(built), len(RULES))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
