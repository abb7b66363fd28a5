"""A network of its own: one namespace a host, joined by veth pairs on a bridge in one more.

Everything lives in namespaces named ganserve-<pid>-*, so that the machine's own network is never touched, and what a
killed run left behind is known by its dead process.
"""
import collections
import contextlib
import ctypes
import os
import pathlib
import re
import subprocess

# The address that Kubernetes gives its name server by default: deploy/nginx names it.
SUBNET = "10.96.0"
DNS_ADDRESS = f"{SUBNET}.10"
PREFIX = "ganserve-"
CLONE_NEWNET = 0x40000000
# States of /proc/net/tcp.
ESTABLISHED = "01"
LISTEN = "0A"

Socket = collections.namedtuple("Socket", "port peer state unacknowledged unread")  # the last two in bytes

libc = ctypes.CDLL(None, use_errno=True)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _set_namespace(path):
    with open(path, "rb") as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")


class Host:
    """A namespace with one address on the bridge. Its processes find names through the network's name server."""

    def __init__(self, network, name, number):
        self.network = network
        self.name = name
        self.namespace = f"{network.prefix}{name}"
        self.address = f"{SUBNET}.{number}"
        run("ip", "netns", "add", self.namespace)
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")

    def command(self, *command):
        """The command line that runs `command` here; it ends with the process that starts it."""
        enter = 'mount --bind "$0" /etc/resolv.conf && exec setpriv --pdeathsig KILL -- "$@"'
        return ["ip", "netns", "exec", self.namespace, "sh", "-c", enter, self.network.resolv_conf, *map(str, command)]

    def run(self, *command):
        return run(*self.command(*command))

    @contextlib.contextmanager
    def entered(self):
        """The sockets that this thread opens meanwhile are this host's, and so is /proc/thread-self/net."""
        _set_namespace(f"/run/netns/{self.namespace}")
        try:
            yield
        finally:
            _set_namespace(self.network.home)

    def sockets(self):
        """The TCP sockets here."""
        with self.entered():
            rows = [line.split() for family in ("tcp", "tcp6")
                    for line in pathlib.Path(f"/proc/thread-self/net/{family}").read_text().splitlines()[1:]]
        return [_parse_socket(row) for row in rows]

    def listens_on(self, port):
        return any(socket.state == LISTEN and socket.port == port for socket in self.sockets())

    def waits_for(self, host):
        """Whether a connection to `host` has sent bytes that its kernel has not acknowledged."""
        return any(socket.peer == host.address and socket.state == ESTABLISHED and socket.unacknowledged > 0
                   for socket in self.sockets())

    def cut_off(self):
        """Drops what comes and goes, as a broken cable would."""
        for chain in ("INPUT", "OUTPUT"):
            self.run("iptables", "-w", "-I", chain, "!", "-o" if chain == "OUTPUT" else "-i", "lo", "-j", "DROP")

    def heal(self):
        self.run("iptables", "-w", "-F")


def _parse_socket(row):
    port = int(row[1].split(":")[1], 16)
    unacknowledged, unread = (int(count, 16) for count in row[4].split(":"))
    return Socket(port, _ipv4(row[2]), row[3], unacknowledged, unread)


def _ipv4(field):
    """"0A00600A:C383" of /proc/net/tcp, or the end of an IPv6 address that holds an IPv4 one; words are little-endian."""
    word = field.split(":")[0][-8:]
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(word)))


class Network:
    """Use as a context: leaving it takes all hosts away. End their processes before."""

    def __init__(self, folder):
        self.prefix = f"{PREFIX}{os.getpid()}-"
        self.home = f"/proc/{os.getpid()}/ns/net"
        self.resolv_conf = folder / "resolv.conf"
        self.resolv_conf.write_text(f"nameserver {DNS_ADDRESS}\noptions timeout:1 attempts:5\n")
        self._links = 0

    def __enter__(self):
        # Kept open: /proc/<pid>/ns/net is that of the main thread, which moves.
        self._home = open(self.home, "rb")
        self.home = f"/proc/self/fd/{self._home.fileno()}"
        try:
            self.switch = Host(self, "switch", 10)
            # Its own address: otherwise it takes the lowest of its ports', and a host that is added takes the name server
            # away from those that remember the old one.
            run("ip", "-n", self.switch.namespace, "link", "add", "bridge", "address", "02:00:00:00:00:01", "type", "bridge")
            run("ip", "-n", self.switch.namespace, "address", "add", f"{DNS_ADDRESS}/24", "dev", "bridge")
            run("ip", "-n", self.switch.namespace, "link", "set", "bridge", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in namespaces():
            if name.startswith(self.prefix):
                run("ip", "netns", "delete", name)
        self._home.close()

    def add(self, name, number):
        host = Host(self, name, number)
        self._links += 1
        port = f"port{self._links}"
        run("ip", "-n", self.switch.namespace, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns",
            host.namespace)
        run("ip", "-n", self.switch.namespace, "link", "set", port, "master", "bridge", "up")
        run("ip", "-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
        run("ip", "-n", host.namespace, "link", "set", "eth0", "up")
        return host


def namespaces():
    return [line.split()[0] for line in run("ip", "netns", "list").splitlines()]


def delete_leftovers():
    """Takes away what runs that were killed have left."""
    for name in namespaces():
        owner = re.match(rf"{PREFIX}(\d+)-", name)
        if owner and not pathlib.Path(f"/proc/{owner[1]}").exists():
            run("ip", "netns", "delete", name)
