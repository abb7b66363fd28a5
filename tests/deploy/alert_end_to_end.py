#!/usr/bin/python3
"""Faults of a live server make alerts fire in Alertmanager, which tells the receiver they belong to; after the repair they resolve.

The rules, the scrape configuration and Alertmanager's routes are those of deploy/prometheus, with shorter waiting times.
"""
import http.server
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import unittest

from monitoring_stack import Alertmanager, Prometheus, Server, wait_for


class Receiver(http.server.ThreadingHTTPServer):
    """Takes Alertmanager's notifications; `told` has (receiver, alert, "firing" or "resolved")."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.told = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in message["alerts"]:
                self.server.told.add((message["receiver"], alert["labels"]["alertname"], alert["status"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass


class AlertEndToEnd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.server_close)
        cls.addClassCleanup(cls.receiver.shutdown)
        cls.server = Server(cls.folder, "--models-poll-interval", "1s", "--max-trainer-restarts", "0")
        cls.addClassCleanup(cls.server.stop)
        cls.alertmanager = Alertmanager(cls.folder, f"127.0.0.1:{cls.receiver.server_port}")
        cls.addClassCleanup(cls.alertmanager.stop)
        cls.prometheus = Prometheus(cls.folder, [cls.server.metrics], cls.alertmanager.address)
        cls.addClassCleanup(cls.prometheus.stop)

    def setUp(self):
        wait_for("the server is scraped", lambda: self.prometheus.query("up == 1"))
        wait_for("nothing fires", lambda: not self.alertmanager.firing())
        self.receiver.told.clear()

    def wait_for_alert(self, name, receiver):
        wait_for(f"{name} fires", lambda: self.alertmanager.firing().get(name) == "active")
        wait_for(f"{receiver} is told of {name}", lambda: (receiver, name, "firing") in self.receiver.told)

    def wait_for_resolution(self, name, receiver):
        wait_for(f"{name} does not fire", lambda: name not in self.alertmanager.firing())
        wait_for(f"{receiver} is told of its end", lambda: (receiver, name, "resolved") in self.receiver.told)

    def test_a_version_that_does_not_load(self):
        version = self.folder / "models" / "shapes" / "2"
        coming = version.with_name("coming")
        coming.mkdir()
        (coming / "model.pt").write_bytes(b"no TorchScript")
        coming.rename(version)
        self.wait_for_alert("GanserveModelVersionRefused", "working-day")
        shutil.rmtree(version)
        self.wait_for_resolution("GanserveModelVersionRefused", "working-day")

    def test_a_server_that_hangs(self):
        os.kill(self.server.process.pid, signal.SIGSTOP)
        self.wait_for_alert("GanserveUnavailable", "on-call")
        # What follows from it is known and disturbs nobody.
        wait_for("GanserveTargetDown is suppressed", lambda: self.alertmanager.firing().get("GanserveTargetDown") == "suppressed")
        os.kill(self.server.process.pid, signal.SIGCONT)
        self.wait_for_resolution("GanserveUnavailable", "on-call")
        wait_for("GanserveTargetDown does not fire", lambda: "GanserveTargetDown" not in self.alertmanager.firing())

    def test_a_training_job_that_fails(self):
        job = self.server.train()
        for trainer in wait_for("a trainer", self.server.trainers):
            os.kill(trainer, signal.SIGKILL)
        self.wait_for_alert("GanserveTrainJobFailed", "working-day")
        self.server.ganctl("jobs", "delete", job)
        self.wait_for_resolution("GanserveTrainJobFailed", "working-day")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
