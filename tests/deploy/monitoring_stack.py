"""A live server, Prometheus and Alertmanager on free loopback ports, set up with the very files of deploy/prometheus.

Only intervals and addresses are changed, here and nowhere else, so that a test takes seconds. Whatever is started ends with its
`stop`, by process id.
"""
import ctypes
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from ganserve_process import make_model, start_server  # noqa: E402

BIN = pathlib.Path(os.environ.get("GANSERVE_BIN", ROOT / "build" / "release" / "bin"))
DEPLOY = ROOT / "deploy" / "prometheus"
PATIENCE_S = 300  # for what takes a second on an idle machine


def wait_for(what, condition):
    """The first true value of `condition`, which is asked again and again. AssertionError after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.2)


def get_json(address, path, **parameters):
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"http://{address}{path}?{query}", timeout=PATIENCE_S) as response:
        return json.load(response)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S):
            return True
    except OSError:  # HTTP errors as well
        return False


def listening_port(pid):
    """The one TCP port on which the process listens; None as long as it doesn't."""
    try:
        links = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
        rows = [row.split() for table in ("tcp", "tcp6")
                for row in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    except OSError:  # a descriptor that was closed meanwhile
        return None
    ports = {int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links}
    return ports.pop() if len(ports) == 1 else None


def die_with_parent():
    """In a child: a test that is killed leaves nothing behind."""
    set_parent_death_signal = 1  # prctl(2)
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


class Program:
    """A process whose output goes to a file."""

    def __init__(self, folder, *command):
        self.log = folder / f"{pathlib.Path(command[0]).name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)

    def wait_until_ready(self):
        """Where it listens; Prometheus and Alertmanager answer before they are ready to."""
        def ready_address():
            assert self.process.poll() is None, f"{self.process.args[0]} ended: {self.log.read_text()}"
            port = listening_port(self.process.pid)
            return f"127.0.0.1:{port}" if port and answers(f"http://127.0.0.1:{port}/-/ready") else None
        return wait_for(f"{self.process.args[0]} is ready", ready_address)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def make_data(folder):
    """A data set of 64 grey images of noise, in MNIST's format."""
    folder.mkdir(parents=True)
    count, side = 64, 28
    header = struct.pack(">IIII", 0x803, count, side, side)
    (folder / "train-images-idx3-ubyte").write_bytes(header + random.Random(1).randbytes(count * side * side))


class Server:
    """ganserve with training on noise and an untrained model, "shapes", its models in `folder`/models."""

    def __init__(self, folder, *options):
        self.models, jobs, data = folder / "models", folder / "jobs", folder / "data"
        make_model(BIN, self.models / "shapes" / "1", channels=1)
        jobs.mkdir()
        make_data(data / "noise")
        self.process, ready = start_server(
            [BIN / "ganserve", "--models", self.models, "--jobs", jobs, "--data-root", data, "--listen", "127.0.0.1:0",
             "--metrics-listen", "127.0.0.1:0", "--drain-grace", "0s", *options], preexec_fn=die_with_parent)
        self.address, self.metrics = ready["listen"], ready["metrics"]

    def metrics_text(self):
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=PATIENCE_S) as response:
            return response.read().decode()

    def ganctl(self, *arguments, check=True):
        return subprocess.run([BIN / "ganctl", "--server", self.address, *arguments], check=check, capture_output=True,
                              text=True).stdout.strip()

    def train(self, *arguments):
        """The id of a new job that is small and would go on for hours."""
        return self.ganctl("train", "--data", "noise", "--detach", "--width", "4", "--batch", "8", "--steps", "1000000",
                           "--report-every", "5", "--checkpoint-every-steps", "20", "--evaluate-every-steps", "0",
                           "--sample-every-steps", "1000000", *arguments)

    def trainers(self):
        """Process ids."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = [int(pid) for task in path.parent.parent.iterdir() for pid in (task / "children").read_text().split()]
        return [pid for pid in children if b"ganserve-trainer" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.wait(PATIENCE_S)


def shortened(text):
    """A configuration or rule file with 2 s for its waiting times; look-backs such as [5m] stay."""
    return re.sub(r"(?m)^(\s+)(for|interval|scrape_interval|evaluation_interval|group_wait|group_interval): \S+$", r"\1\2: 2s", text)


class Prometheus(Program):
    """Prometheus with deploy/prometheus/prometheus.yml and its rules."""

    def __init__(self, folder, targets, alertmanager="127.0.0.1:1", extra_scrapes=""):
        home = folder / "prometheus"
        (home / "rules").mkdir(parents=True)
        (home / "targets").mkdir()
        for rules in (DEPLOY / "rules").glob("*.yml"):
            (home / "rules" / rules.name).write_text(shortened(rules.read_text()))
        config = shortened((DEPLOY / "prometheus.yml").read_text()).replace("localhost:9093", alertmanager)
        (home / "prometheus.yml").write_text(config + extra_scrapes)
        (home / "targets" / "ganserve.yml").write_text(json.dumps([{"targets": targets}]))
        super().__init__(folder, "prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                         "--web.listen-address=127.0.0.1:0", "--log.level=warn")
        self.address = self.wait_until_ready()

    def query(self, expression):
        """The samples of an instant vector, or one without labels of a scalar."""
        data = get_json(self.address, "/api/v1/query", query=expression)["data"]
        return [{"metric": {}, "value": data["result"]}] if data["resultType"] == "scalar" else data["result"]


class Alertmanager(Program):
    """Alertmanager with deploy/prometheus/alertmanager.yml; `receiver` HOST:PORT gets the notifications."""

    def __init__(self, folder, receiver):
        home = folder / "alertmanager"
        home.mkdir()
        config = shortened((DEPLOY / "alertmanager.yml").read_text()).replace("localhost:9099", receiver)
        (home / "alertmanager.yml").write_text(config)
        super().__init__(folder, "prometheus-alertmanager", f"--config.file={home}/alertmanager.yml",
                         f"--storage.path={home}/data", "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=",
                         "--log.level=warn")
        self.address = self.wait_until_ready()

    def firing(self):
        """Names of the alerts that fire now, each with "active", or "suppressed" where another one inhibits it."""
        return {alert["labels"]["alertname"]: alert["status"]["state"] for alert in get_json(self.address, "/api/v2/alerts")}
