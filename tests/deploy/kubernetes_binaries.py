"""What the executables themselves say about their options: the rules ask them, and no list here can go stale."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from ganserve_process import NotStarted, start_server  # noqa: E402

SERVER, TRAINER, CLIENT = "ganserve", "ganserve-trainer", "ganctl"
LOOPBACK = "127.0.0.1:0"
NAMES = ("ready", "live")  # what probes ask for


class Binaries:
    """The executables in a folder. What was asked once is kept: starting one loads LibTorch, which takes a while."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._help = {}
        self._options = {}
        self._health_names = None

    def help(self, *command):
        if command not in self._help:
            run = subprocess.run([self.folder / command[0], *command[1:], "--help"], capture_output=True, text=True, check=True)
            self._help[command] = run.stdout
        return self._help[command]

    def variables(self, program):
        """The environment variables that a program reads."""
        return set(re.findall(r"\bGANSERVE_[A-Z0-9_]+", self.help(program)))

    def flags(self, *command):
        return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", self.help(*command)))

    def subcommands(self, program):
        return set(re.findall(r"^  ([a-z]+) ", self.help(program).partition("ommands:")[2], re.MULTILINE))

    def server_options(self, variables):
        """The effective options by name under these variables, and an error if the server refuses them."""
        key = tuple(sorted(variables.items()))
        if key not in self._options:
            run = subprocess.run([self.folder / SERVER, "--print-config"], env=variables, capture_output=True, text=True,
                                 check=False)
            options = dict(re.findall(r'^([a-z0-9-]+) = "(.*)"$', run.stdout, re.MULTILINE))
            self._options[key] = ({}, run.stderr.strip()) if run.returncode else (options, "")
        return self._options[key]

    def health_names(self):
        """Those of NAMES that are SERVING on the health port of a server that is ready. It is started once, on free ports."""
        if self._health_names is None:
            self._health_names = set()
            try:
                server, ready = start_server([self.folder / SERVER, "--listen", LOOPBACK, "--health-listen", LOOPBACK,
                                              "--metrics-listen", "off", "--drain-grace", "0"], env={})
            except NotStarted:
                return self._health_names
            self._health_names = {name for name in NAMES if self._is_serving(ready["health"], name)}
            server.terminate()
            server.wait()
        return self._health_names

    def _is_serving(self, address, name):
        run = subprocess.run([self.folder / CLIENT, "health", "--server", address, "--service", name], capture_output=True,
                             text=True, check=False)
        return run.stdout.strip() == "SERVING"

    def trainer_exit_codes(self):
        return {int(code) for code in re.findall(r"(?:^Exit codes: |; )(\d+) ", self.help(TRAINER), re.MULTILINE)}
