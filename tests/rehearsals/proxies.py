"""The ways through a proxy: the example configurations of deploy/ as they are, but for where the certificates lie."""
import pathlib
import shutil
import subprocess
import urllib.request

from conditions import until
from network import run
from processes import Process
from service import PROXY

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = 8443
ADMIN_PORT = 9901
SERVER_NAME = "images.example"


class _Proxy:
    """A proxy with TLS on a host of its own."""

    def __init__(self, service):
        self.service = service
        self.caller = service.network.add("proxy", PROXY)
        self.folder = service.folder
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}",
            "-keyout", self.folder / "tls.key", "-out", self.folder / "tls.crt")
        self.target = ("--server", f"{self.caller.address}:{PORT}", "--tls", "--tls-ca", self.folder / "tls.crt",
                       "--tls-server-name", SERVER_NAME)

    def filled_in(self, example, certificates):
        """The example with its folder of certificates replaced by ours."""
        text = example.read_text(encoding="utf-8")
        if text.count(certificates) != 2:
            raise AssertionError(f"{example}: expected {certificates} twice")
        config = self.folder / example.name
        config.write_text(text.replace(certificates, f"{self.folder}/"), encoding="utf-8")
        return config


def envoy_binary():
    installed = ROOT / ".deps-ops" / "envoy" / "_bin" / "envoy"
    return installed if installed.exists() else shutil.which("envoy")


class Envoy(_Proxy):
    name = "envoy"
    # The client makes one attempt: what is tried again, Envoy tries.
    load_options = ("--attempts", "1")
    events = ("rollout", "kill", "scale", "cut-off")
    example = ROOT / "deploy" / "envoy" / "envoy.yaml"

    @staticmethod
    def missing():
        return None if envoy_binary() else "no envoy: scripts/setup --ops"

    def __init__(self, service):
        super().__init__(service)
        config = self.filled_in(self.example, "/etc/envoy/tls/")
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
    load_options = ()
    # Nor does it notice that a server is cut off: a call that is there then waits for its deadline.
    events = ("rollout", "kill", "scale")
    example = ROOT / "deploy" / "nginx" / "nginx.conf"

    @staticmethod
    def missing():
        if shutil.which("nginx") is None:
            return "no nginx"
        version = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=False).stderr
        return None if "--with-http_v2_module" in version else "this nginx has no HTTP/2"

    def __init__(self, service):
        super().__init__(service)
        config = self.filled_in(self.example, "/etc/nginx/tls/")
        self.process = service.start(Process(self.caller, self.folder, "nginx", "nginx", "-c", config,
                                             "-g", "daemon off;"))

    def wait_for(self, servers):
        def listens():
            self.process.expect_alive()
            return self.caller.listens_on(PORT)
        until(listens, "nginx listens")
