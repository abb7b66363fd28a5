"""Starting ganserve and looking at it from outside: for benchmarks, rehearsals and the tests of deploy/."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading


class NotStarted(Exception):
    """The server ended before it was ready; the text has its last words."""


def start_server(command, **popen):
    """(process, what the log line "ready" says: listen, metrics, health). `popen` are further arguments of subprocess.Popen."""
    process = subprocess.Popen([*command, "--log-format", "json"], stderr=subprocess.PIPE, text=True, **popen)
    last = {}
    for line in process.stderr:
        last = json.loads(line)
        if last["message"] == "ready":
            # Who does not read a pipe stops the one that writes to it.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, last
    process.wait()
    raise NotStarted(f"the server did not start: {last}")


def make_model(binaries, version, channels):
    """A 32x32 generator, untrained but seeded, as the folder `version` of a model repository."""
    with tempfile.TemporaryDirectory() as folder:
        job = pathlib.Path(folder) / "job"
        subprocess.run([binaries / "ganserve-trainer", "init", "--out", job, "--channels", str(channels), "--size", "32",
                        "--seed", "1"], check=True, capture_output=True)
        version.parent.mkdir(parents=True)
        shutil.move(next((job / "exports").iterdir()), version)


def cpu_seconds(pid):
    """Processor time of a process until now."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
