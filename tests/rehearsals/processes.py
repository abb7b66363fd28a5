"""The processes of a rehearsal: the name server, servers, and clients. Each ends with its context, whatever happens."""
import contextlib
import json
import os
import signal
import subprocess
import urllib.request

from conditions import Failed, expect, until

SERVICE = "ganserve.ganserve.svc.cluster.local"
GRPC_PORT = 50051
METRICS_PORT = 9464
CALLERS = 6


class Process:
    """A process on a host, with its output in a file, and its children in a process group of its own."""

    def __init__(self, host, folder, name, *command, stdout=subprocess.STDOUT):
        self.host = host
        self.name = name
        self.log = folder / f"{name}.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(host.command(*command), stdin=subprocess.DEVNULL, stderr=log,
                                            stdout=log if stdout == subprocess.STDOUT else stdout, text=True,
                                            process_group=0)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit code, negative for a signal."""
        until(lambda: self.process.poll() is not None, f"{self.name} ends")
        return self.process.returncode

    def kill(self):
        """With its children: nginx's workers outlive their master."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def expect_alive(self):
        expect(self.process.poll() is None, f"{self.name} ended by itself with exit code {self.process.returncode}")

    def last_lines(self):
        return "".join(f"    {self.name}: {line[:240]}\n" for line in self.log.read_text().splitlines()[-8:])


class NameServer(Process):
    """dnsmasq as the DNS of a headless Service: SERVICE has the addresses of the servers that are ready."""

    def __init__(self, network, folder):
        self.hosts = folder / "hosts"
        self.hosts.write_text("")
        super().__init__(network.switch, folder, "dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                         "--no-resolv", "--no-hosts", "--local=/cluster.local/", f"--addn-hosts={self.hosts}",
                         "--local-ttl=1", "--bind-interfaces", f"--listen-address={network.switch.address}",
                         "--user=root", "--pid-file=", "--log-facility=-")

    def publish(self, servers, asked_by):
        """Returns once `asked_by` is answered with exactly these servers."""
        addresses = {server.host.address for server in servers}
        self.hosts.write_text("".join(f"{address} {SERVICE}\n" for address in sorted(addresses)))
        # The signal before dnsmasq has its handler would end it.
        until(lambda: "started" in self.log.read_text(), "dnsmasq starts")
        self.signal(signal.SIGHUP)
        until(lambda: _lookup(asked_by) == addresses, f"the name server answers with {sorted(addresses)}")


def _lookup(host):
    answer = subprocess.run(host.command("getent", "ahostsv4", SERVICE), capture_output=True, text=True, check=False)
    return {line.split()[0] for line in answer.stdout.splitlines()}


class Server(Process):
    """A ganserve with its embedded model."""

    def __init__(self, host, folder, name, binaries, *options):
        super().__init__(host, folder, name, binaries / "ganserve", "--listen", f"0.0.0.0:{GRPC_PORT}",
                         "--metrics-listen", f"127.0.0.1:{METRICS_PORT}", "--workers", "1", "--log-format", "json",
                         *options)
        self._before = 0

    def wait_until_ready(self):
        def ready():
            self.expect_alive()
            return '"message":"ready"' in self.log.read_text()
        until(ready, f"{self.name} is ready")

    def calls(self):
        """Generate calls that it has answered with OK since mark()."""
        return self._count() - self._before

    def mark(self):
        self._before = self._count()

    def metrics(self):
        """The lines of /metrics."""
        with self.host.entered(), urllib.request.urlopen(f"http://127.0.0.1:{METRICS_PORT}/metrics") as response:
            return response.read().decode().splitlines()

    def _count(self):
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in self.metrics()
                   if line.startswith("ganserve_requests_total{") and 'code="OK"' in line and 'method="Generate"' in line)

    def has_unread_calls(self):
        """Whether bytes of a client wait in the kernel; of a server that is stopped, that is a call it never saw."""
        return any(socket.unread > 0 for socket in self.host.sockets() if socket.port == GRPC_PORT)


class Load(Process):
    """ganctl bench in a closed loop: on a slow machine it makes fewer calls instead of ever more that wait."""

    def __init__(self, host, folder, name, binaries, target, *options, calls=None):
        length = ("--calls", calls) if calls else ("--duration", "86400")
        self.report_file = folder / f"{name}.json"
        with open(self.report_file, "w", encoding="utf-8") as report:
            super().__init__(host, folder, name, binaries / "ganctl", *target, "bench", "--json", "--warmup", "0",
                             "--callers", CALLERS, *length, *options, stdout=report)

    def finish(self):
        """Starts no more calls, waits for those under way, and returns the report of all."""
        self.expect_alive()
        self.signal(signal.SIGINT)
        self.wait()
        return self.report()

    def report(self):
        """Of a load that has ended."""
        try:
            return json.loads(self.report_file.read_text())
        except ValueError as fault:
            raise Failed(f"{self.name} made no report: {self.log.read_text()}") from fault


@contextlib.contextmanager
def ended_at_exit():
    """A list; the processes put into it are killed at the end, the last one first."""
    processes = []
    try:
        yield processes
    finally:
        for process in reversed(processes):
            process.kill()
