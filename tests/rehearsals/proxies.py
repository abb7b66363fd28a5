"""The ways through a proxy: the example configurations of deploy/ as they are, but for where the certificates lie."""
import shutil
import subprocess
import urllib.request

from conditions import until
from network import run
from processes import Process
from service import GRPC_RETRIES, PROXY, ROOT

PORT = 8443
ADMIN_PORT = 9901
SERVER_NAME = "images.example"


def make_certificate(folder):
    """tls.crt and tls.key for SERVER_NAME, signed by themselves."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
        "-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}", "-keyout", folder / "tls.key",
        "-out", folder / "tls.crt")


def filled_in(proxy, folder):
    """A copy of the proxy's example that finds its certificates in `folder`."""
    text = proxy.example.read_text(encoding="utf-8")
    if text.count(proxy.certificates) != 2:
        raise AssertionError(f"{proxy.example}: {proxy.certificates} is expected twice")
    config = folder / proxy.example.name
    config.write_text(text.replace(proxy.certificates, f"{folder}/"), encoding="utf-8")
    return config


class _Proxy:
    """A proxy with TLS on a host of its own."""

    def __init__(self, service):
        self.caller = service.network.add("proxy", PROXY)
        self.folder = service.folder
        make_certificate(self.folder)
        self.target = ("--server", f"{self.caller.address}:{PORT}", "--tls", "--tls-ca", self.folder / "tls.crt",
                       "--tls-server-name", SERVER_NAME)


def envoy_binary():
    installed = ROOT / ".deps-ops" / "envoy" / "_bin" / "envoy"
    return installed if installed.exists() else shutil.which("envoy")


class Envoy(_Proxy):
    name = "envoy"
    # The client makes one attempt: what is tried again, Envoy tries.
    load_options = ()
    events = ("rollout", "kill", "scale", "cut-off")
    example = ROOT / "deploy" / "envoy" / "envoy.yaml"
    certificates = "/etc/envoy/tls/"

    @staticmethod
    def missing():
        return None if envoy_binary() else "no envoy: scripts/setup --ops"

    def __init__(self, service):
        super().__init__(service)
        config = filled_in(Envoy, self.folder)
        self.process = service.start(Process(self.caller, self.folder, "envoy", envoy_binary(), "--config-path", config,
                                             "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"))

    def wait_for(self, servers):
        until(lambda: self._healthy() == len(servers), f"Envoy finds {len(servers)} servers healthy")

    def _healthy(self):
        self.process.expect_alive()
        try:
            with self.caller.entered(), urllib.request.urlopen(
                    f"http://127.0.0.1:{ADMIN_PORT}/stats?filter=^cluster.ganserve.membership_healthy$") as answer:
                return int(answer.read().decode().rsplit(" ", 1)[1])
        except (OSError, IndexError):
            return None  # not yet listening


class Nginx(_Proxy):
    name = "nginx"
    # nginx cannot try a call again that a server has got: the client must.
    load_options = GRPC_RETRIES
    # Nor does it notice that a server is cut off: a call that is there then waits for its deadline.
    events = ("rollout", "kill", "scale")
    example = ROOT / "deploy" / "nginx" / "nginx.conf"
    certificates = "/etc/nginx/tls/"

    @staticmethod
    def missing():
        if shutil.which("nginx") is None:
            return "no nginx"
        version = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=False).stderr
        return None if "--with-http_v2_module" in version else "this nginx has no HTTP/2"

    def __init__(self, service):
        super().__init__(service)
        config = filled_in(Nginx, self.folder)
        self.process = service.start(Process(self.caller, self.folder, "nginx", "nginx", "-c", config,
                                             "-g", "daemon off;"))

    def wait_for(self, servers):
        def listens():
            self.process.expect_alive()
            return self.caller.listens_on(PORT)
        until(listens, "nginx listens")
