"""What docs/capacity.md reckons with and only a running server can tell: bytes, series, and the cost of connections."""
import json

import proxies
from ganserve_process import cpu_seconds, make_model, resident_bytes
from processes import Load
from service import Direct, three_servers

CALLS = 100
IMAGES_PER_CALL = 16
CHANNELS = 64


def make_reference_model(binaries, folder):
    """The reference 3x32x32 generator of docs/performance.md, untrained, in a repository; its images are nearly noise."""
    make_model(binaries, folder / "models" / "reference" / "1", channels=3)
    return folder / "models"


def _received_bytes(host):
    (link,) = json.loads(host.run("ip", "-s", "-j", "link", "show", "dev", "eth0"))
    return link["stats64"]["rx"]["bytes"]


def _run_load(service, way, name, *options):
    """The report of a load of so many calls."""
    load = service.start(Load(service.client, service.folder, name, service.binaries, way.target, "--count",
                              str(IMAGES_PER_CALL), *options, calls=CALLS))
    load.wait()
    return load.report()


def bytes_of_images(binaries, models, model):
    """(bytes of a PNG, bytes on the wire) per image; the latter with everything down to Ethernet, towards the client."""
    with three_servers(binaries, Direct, "--models", models) as (service, way):
        before = _received_bytes(service.client)
        report = _run_load(service, way, model, "--model", model)
        return report["bytes"] / report["images"], (_received_bytes(service.client) - before) / report["images"]


def cost_of_connections(binaries):
    """(series of an idle server's /metrics, resident bytes that one more connection takes in it)."""
    with three_servers(binaries, Direct) as (service, way):
        server = service.servers[0]
        _run_load(service, way, "one", "--channels", "1")
        series = sum(1 for line in server.metrics() if line and not line.startswith("#"))
        before = resident_bytes(server.process.pid)
        load = service.load(way, "many", "--channels", str(CHANNELS))
        service.wait_for_calls(service.servers, CALLS)
        taken = resident_bytes(server.process.pid) - before
        load.finish()
        return series, taken / (CHANNELS - 1)


def cost_of_envoy(binaries):
    """CPU-ms of Envoy per call of IMAGES_PER_CALL images, TLS to the caller, none to the servers."""
    with three_servers(binaries, proxies.Envoy) as (service, way):
        before = cpu_seconds(way.process.process.pid)
        report = _run_load(service, way, "envoy-load")
        return 1000 * (cpu_seconds(way.process.process.pid) - before) / report["calls"]
