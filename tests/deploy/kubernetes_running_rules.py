"""Rules about how the containers run: options, probes, stopping, roll-out, resources, confinement, jobs.

Each takes Manifests and Binaries and yields faults, one line each.
"""
import os.path

import kubernetes_binaries
from kubernetes_objects import quantity, seconds

# The executables that a container may start; other images (the maintenance pod's) have commands of their own.
PROGRAMS = {f"/usr/local/bin/{name}": name for name in
            (kubernetes_binaries.SERVER, kubernetes_binaries.TRAINER, kubernetes_binaries.CLIENT)}
# Seconds between the end of a drain and SIGKILL: the process frees its models, flushes its log and ends.
STOP_MARGIN = 5
# The trainer's exit codes that need no rule: finished; those that another attempt may get past (any error, a full disk), which
# are counted; and those of its commands `train` and `export`, which no Job runs.
CODES_WITHOUT_RULE = {0, 1, 5, 6, 7}
# What Pod Security "restricted" leaves of volumes, less what no pod of ours needs.
VOLUMES = {"persistentVolumeClaim", "emptyDir", "secret", "configMap", "projected"}


def program(container):
    """The executable of ours that a container runs: the image's entry point is the server. None for other images."""
    if container.get("command"):
        return PROGRAMS.get(container["command"][0])
    return kubernetes_binaries.SERVER


def servers(manifests):
    """(pod, container, variables) of each container that runs the server."""
    for pod in manifests.pods:
        for container in pod.containers:
            if program(container) == kubernetes_binaries.SERVER:
                yield pod, container, manifests.environment(container)


def known_variables(manifests, binaries):
    for pod in manifests.pods:
        for container in pod.containers:
            if not (name := program(container)):
                continue
            ours = {key for key in manifests.environment(container) if key.startswith("GANSERVE_")}
            for variable in sorted(ours - binaries.variables(name)):
                yield f"{pod.name} sets {variable}, which {name} --help does not know"


def known_flags(manifests, binaries):
    for pod in manifests.pods:
        for container in pod.containers:
            words = container.get("command", [])[1:] + container.get("args", [])
            if not (name := program(container)) or not words:
                continue
            command = (name,)
            if not words[0].startswith("-"):
                if words[0] not in binaries.subcommands(name):
                    yield f"{pod.name} runs `{name} {words[0]}`, which is no command of it"
                    continue
                command = (name, words[0])
            given = {word.partition("=")[0] for word in words if word.startswith("--")}
            for flag in sorted(given - binaries.flags(*command) - binaries.flags(name)):
                yield f"{pod.name} has the flag {flag}, which {' '.join(command)} --help does not know"


def accepted_values(manifests, binaries):
    """The server itself reads the variables; files are not opened. Paths must lie in a volume, writable where it writes."""
    for pod, container, variables in servers(manifests):
        options, error = binaries.server_options(variables)
        if error:
            yield f"{pod.name}: {error}"
        mounts = {mount["mountPath"]: mount for mount in container.get("volumeMounts", [])}
        for name, value in options.items():
            for path in [part.rpartition("=")[2] for part in value.split(",") if part.rpartition("=")[2].startswith("/")]:
                mount = next((m for at, m in mounts.items() if os.path.commonpath([at, path]) == at), None)
                if not mount:
                    yield f"{pod.name}: --{name} is {path}, which is in no volume"
                elif name in ("models", "jobs") and mount.get("readOnly"):
                    yield f"{pod.name}: --{name} is {path}, which is mounted read-only"


def listened_ports(manifests, binaries):
    for pod, _, variables in servers(manifests):
        options, _ = binaries.server_options(variables)
        for port, option in (("grpc", "listen"), ("metrics", "metrics-listen"), ("health", "health-listen")):
            host, _, number = options.get(option, "").rpartition(":")
            if number != str(pod.ports().get(port)):
                yield f"{pod.name}: the port {port} is {pod.ports().get(port)}, but --{option} is {options.get(option)}"
            elif host in ("127.0.0.1", "localhost", "[::1]"):
                yield f"{pod.name}: --{option} is {options[option]}, which nobody outside the pod reaches"


def probes(manifests, binaries):
    """gRPC probes on the health port, whose number they must give; liveness by another name than readiness. A server that
    trains may have to make its first model before it is ready, so its start is over when it is live."""
    for pod, container, variables in servers(manifests):
        started = "live" if variables.get("GANSERVE_JOBS") else "ready"
        for kind, service in (("startupProbe", started), ("readinessProbe", "ready"), ("livenessProbe", "live")):
            probe = container.get(kind, {}).get("grpc")
            if not probe:
                yield f"{pod.name} has no gRPC {kind}"
                continue
            if probe["port"] != pod.ports().get("health"):
                yield f"{pod.name}: the {kind} asks port {probe['port']}, not the port health"
            if probe.get("service") != service:
                yield f"{pod.name}: the {kind} asks for {probe.get('service')!r}; wanted: {service!r}"
            elif service not in binaries.health_names():
                yield f"{pod.name}: the {kind} asks for {service!r}, which the server's health port does not know"


def grace(manifests, binaries):
    """preStop counts; then the server drains calls and stops trainers side by side."""
    for pod, container, variables in servers(manifests):
        options, error = binaries.server_options(variables)
        if error:
            continue
        pre_stop = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if pre_stop < 1:
            yield f"{pod.name} has no preStop sleep: it would stop before its removal is known"
        drain = seconds(options["drain-timeout"])
        if options.get("jobs"):
            drain = max(drain, seconds(options["trainer-stop-grace"]))
        needed = pre_stop + seconds(options["drain-grace"]) + drain + STOP_MARGIN
        given = pod.spec.get("terminationGracePeriodSeconds", 30)
        if given < needed:
            yield f"{pod.name} is killed after {given} s; preStop, draining and a margin of {STOP_MARGIN} s take {needed:g} s"


def connection_age(manifests, binaries):
    """Without it a replica that was added gets no calls from clients that are connected already."""
    for pod, _, variables in servers(manifests):
        options, error = binaries.server_options(variables)
        if not error and seconds(options["max-connection-age"]) == 0:
            yield f"{pod.name} keeps connections for ever: new replicas would get no calls"
        elif not error and seconds(options["max-connection-age-grace"]) < 30:
            yield f"{pod.name}: calls in flight get less than the client's 30 s when a connection has aged"


def rollout(manifests, _):
    for pod in manifests.pods:
        if not pod.is_replicated:
            continue
        update = pod.owner["spec"].get("strategy", {}).get("rollingUpdate", {})
        surge, unavailable = (str(update.get(name, "25%")).rstrip("%") for name in ("maxSurge", "maxUnavailable"))
        if surge == unavailable == "0":
            yield f"{pod.name} can't be rolled out: maxSurge and maxUnavailable are both 0"
        elif pod.asks_for_gpu() and (surge != "0"):
            yield f"{pod.name} surges, although its new pod may wait for the GPU of the old one"
        elif not pod.asks_for_gpu() and unavailable != "0":
            yield f"{pod.name} may have fewer replicas than wanted during a roll-out"


def quantities(manifests, _):
    for claim in manifests.of_kind("PersistentVolumeClaim"):
        amount = claim["spec"]["resources"]["requests"]["storage"]
        if not quantity(amount):
            yield f"PersistentVolumeClaim {claim['metadata']['name']} asks for {amount!r}, which is no quantity"
    for pod in manifests.pods:
        for volume in pod.spec.get("volumes", []):
            if "emptyDir" in volume and not quantity((volume["emptyDir"] or {}).get("sizeLimit", "")):
                yield f"{pod.name}: the emptyDir {volume['name']} has no valid sizeLimit"
        for container in pod.containers:
            yield from resource_faults(pod, container.get("resources", {}))


def resource_faults(pod, resources):
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name, amount in [*requests.items(), *limits.items()]:
        if quantity(amount) is None:
            yield f"{pod.name}: {name} {amount!r} is no quantity"
            return
    for name in sorted({"cpu", "memory"} - set(requests)):
        yield f"{pod.name} requests no {name}"
    if quantity(requests.get("memory")) != quantity(limits.get("memory")):
        yield f"{pod.name}: memory request {requests.get('memory')} and limit {limits.get('memory')} differ"
    for name in sorted(set(requests) & set(limits)):
        if quantity(requests[name]) > quantity(limits[name]):
            yield f"{pod.name} requests more {name} than its limit"


def workers(manifests, binaries):
    """Without a CPU limit the server would count the node's cores: the number of workers comes from the request."""
    for pod, container, variables in servers(manifests):
        options, error = binaries.server_options(variables)
        unlimited = "cpu" not in container.get("resources", {}).get("limits", {})
        if not error and unlimited and options["workers"] == "0":
            yield f"{pod.name} has neither a CPU limit nor GANSERVE_WORKERS: it would take a worker per core of the node"


def confinement(manifests, _):
    """Pod Security "restricted", a read-only root and no token; the schemas pass `privileged: true`."""
    for namespace in manifests.of_kind("Namespace"):
        if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"Namespace {namespace['metadata']['name']} does not enforce Pod Security \"restricted\""
    for pod in manifests.pods:
        context = pod.spec.get("securityContext", {})
        wanted = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                  "seccompProfile": {"type": "RuntimeDefault"}}
        for field, value in wanted.items():
            if context.get(field) != value:
                yield f"{pod.name}: {field} is {context.get(field)}, wanted {value}"
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(field):
                yield f"{pod.name} has {field}"
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name} gets a token for the Kubernetes API"
        for volume in pod.spec.get("volumes", []):
            for kind in sorted(set(volume) - {"name"} - VOLUMES):
                yield f"{pod.name}: the volume {volume['name']} is a {kind}"
        for container in pod.containers:
            yield from container_faults(pod, container)


def container_faults(pod, container):
    context = container.get("securityContext", {})
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    for field, value in wanted.items():
        if context.get(field) != value:
            yield f"{pod.name}: {field} of {container['name']} is {context.get(field)}, wanted {value}"
    for field in sorted(set(context) - set(wanted)):
        yield f"{pod.name}: {field} of {container['name']} is {context[field]}, which nothing here needs"


def failure_policies(manifests, binaries):
    """Every exit code that the trainer documents has its fate, in a form that the API server accepts."""
    for pod in manifests.pods:
        job = pod.owner
        if job["kind"] != "Job" or not any(program(item) == kubernetes_binaries.TRAINER for item in pod.containers):
            continue
        spec = job["spec"]
        if spec.get("completionMode") != "Indexed" or pod.spec.get("restartPolicy") != "Never":
            yield f"{pod.name} is not Indexed with restartPolicy Never, as podFailurePolicy needs"
        rules = spec.get("podFailurePolicy", {}).get("rules", [])
        first = rules[0] if rules else {}
        conditions = [condition["type"] for condition in first.get("onPodConditions", [])]
        if first.get("action") != "Ignore" or conditions != ["DisruptionTarget"]:
            yield f"{pod.name} does not begin by ignoring disruptions"
        yield from exit_code_faults(pod, rules, binaries.trainer_exit_codes())


def exit_code_faults(pod, rules, documented):
    named = []
    for rule in rules:
        codes = rule.get("onExitCodes")
        if not codes:
            continue
        if codes["values"] != sorted(set(codes["values"])) or 0 in codes["values"]:
            yield f"{pod.name}: exit codes {codes['values']} must ascend, without 0"
        if codes.get("containerName") not in [item["name"] for item in pod.containers]:
            yield f"{pod.name} has exit codes of {codes.get('containerName')}, which is no container of it"
        named += codes["values"]
    wanted = sorted(documented - CODES_WITHOUT_RULE)
    if sorted(named) != wanted:
        yield f"{pod.name} has rules for the exit codes {sorted(named)}; the trainer's are {wanted}"


RULES = (known_variables, known_flags, accepted_values, listened_ports, probes, grace, connection_age, rollout, quantities,
         workers, confinement, failure_policies)
