"""What every rehearsal starts from: a service of three servers, a client's host, and the way between them."""
import contextlib
import pathlib
import tempfile

from conditions import until
from network import Network
from processes import SERVICE, GRPC_PORT, Load, NameServer, Server, ended_at_exit

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The client tries calls again: gRPC does, as clients in any language may have it.
GRPC_RETRIES = ("--service-config", ROOT / "client" / "service_config.json")
CLIENT, PROXY, FIRST_SERVER = 5, 6, 21  # the last number of their addresses


class Direct:
    """Our client finds the servers by name and spreads its calls itself."""

    name = "direct"
    load_options = GRPC_RETRIES
    events = ("rollout", "kill", "scale", "cut-off")

    def __init__(self, service):
        self.caller = service.client
        self.target = ("--server", f"dns:///{SERVICE}:{GRPC_PORT}")

    def wait_for(self, servers):
        """Nothing to wait for: the client asks the name server when it starts."""


class Service:
    """Three servers that are ready, in the name server, and behind the way that is rehearsed."""

    def __init__(self, network, folder, binaries, processes):
        self.network = network
        self.folder = folder
        self.binaries = binaries
        self.processes = processes
        self.client = network.add("client", CLIENT)
        self.names = self.start(NameServer(network, folder))
        self.servers = []  # those that the name server knows
        self._hosts = 0

    def start(self, process):
        self.processes.append(process)
        return process

    def start_server(self, *options):
        """A server on a new host, as a pod has a new address; not yet known to the name server."""
        host = self.network.add(f"server{self._hosts + 1}", FIRST_SERVER + self._hosts)
        self._hosts += 1
        return self.start_on(host, *options)

    def start_on(self, host, *options):
        server = self.start(Server(host, self.folder, f"{host.name}-{len(self.processes)}", self.binaries, *options))
        return server

    def publish(self, servers):
        self.servers = list(servers)
        self.names.publish(self.servers, self.client)

    def load(self, way, name, *options):
        return self.start(Load(self.client, self.folder, name, self.binaries, way.target,
                               *(*way.load_options, *options)))

    def wait_for_calls(self, servers, calls):
        """Each of the servers answers this many calls from now on."""
        for server in servers:
            server.mark()
        for server in servers:
            until(lambda server=server: server.calls() >= calls, f"{server.name} answers {calls} calls")


@contextlib.contextmanager
def three_servers(binaries, make_way, *options):
    """(service, way); the processes and namespaces go when it ends, and what failed is said with their last lines."""
    with tempfile.TemporaryDirectory(prefix="ganserve-rehearsal-") as folder, \
            Network(pathlib.Path(folder)) as network, ended_at_exit() as processes:
        try:
            service = Service(network, pathlib.Path(folder), binaries, processes)
            servers = [service.start_server(*options) for _ in range(3)]
            for server in servers:
                server.wait_until_ready()
            service.publish(servers)
            way = make_way(service)
            way.wait_for(servers)
            yield service, way
        except Exception:
            for process in processes:
                print(process.last_lines(), end="")
            raise
