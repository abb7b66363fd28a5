"""Rules about what refers to what: selectors, ports, names, targets. The schemas know none of it.

Each takes Manifests and yields faults, one line each.
"""
from kubernetes_objects import selects

# Secrets are never in the manifests; who makes them stands in docs/operations.md.
SECRETS_OF_THE_OPERATOR = {"ganserve-tls", "ganserve-tokens", "ganserve-client"}
CLUSTER_WIDE = ("Namespace",)


def called(item):
    return f'{item["kind"]} {item["metadata"]["name"]}'


def unique_names(manifests):
    seen = set()
    for item in manifests.objects:
        key = (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"])
        if key in seen:
            yield f"{called(item)} is there twice"
        seen.add(key)


def namespaces(manifests):
    """Everything in one namespace that exists; callers' objects name none, they go where `kubectl -n` says."""
    known = {item["metadata"]["name"] for item in manifests.of_kind("Namespace")}
    for item in manifests.objects:
        namespace = item["metadata"].get("namespace")
        if item["kind"] not in CLUSTER_WIDE and namespace not in (known or {None}):
            yield f"{called(item)} is in namespace {namespace}, which is not among {sorted(known)}"


def workload_selectors(manifests):
    for item in manifests.of_kind("Deployment", "StatefulSet"):
        labels = item["spec"]["template"]["metadata"].get("labels", {})
        selector = item["spec"]["selector"]
        if not selects(selector, labels):
            yield f"{called(item)} selects {selector.get('matchLabels')}, but its pods have {labels}"
        for pod in manifests.selected(selector):
            if pod.owner is not item:
                yield f"{called(item)} selects the pods of {pod.name} too"
        for spread in item["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
            if not selects(spread["labelSelector"], labels):
                yield f"{called(item)} spreads over {spread['topologyKey']} other pods than its own"


def other_selectors(manifests):
    """Services, budgets, policies and monitors that select no pod do nothing, silently."""
    for item in manifests.of_kind("Service", "PodDisruptionBudget", "PodMonitor", "NetworkPolicy"):
        selector = item["spec"]["podSelector" if item["kind"] == "NetworkPolicy" else "selector"]
        if not manifests.selected(selector):
            yield f"{called(item)} selects no pod: {selector}"
        if item["kind"] == "Service" and not selector:
            yield f"{called(item)} selects every pod"


def unique_ports(manifests):
    for pod in manifests.pods:
        ports = [(port.get("name"), port["containerPort"]) for item in pod.containers for port in item.get("ports", [])]
        for column, word in ((0, "name"), (1, "number")):
            values = [port[column] for port in ports]
            for value in {value for value in values if values.count(value) > 1}:
                yield f"{pod.name} has the port {word} {value} twice"


def named_ports(item):
    """The pods' port names that an object refers to."""
    spec = item["spec"]
    if item["kind"] == "Service":
        return [port.get("targetPort", port["port"]) for port in spec["ports"]]
    if item["kind"] == "PodMonitor":
        return [endpoint["port"] for endpoint in spec["podMetricsEndpoints"]]
    return [port["port"] for rule in spec.get("ingress", []) for port in rule.get("ports", [])]


def port_names(manifests):
    for item in manifests.of_kind("Service", "PodMonitor", "NetworkPolicy"):
        selector = item["spec"]["podSelector" if item["kind"] == "NetworkPolicy" else "selector"]
        # A policy and a monitor may select pods without ports too (a trainer's): one that has the port is enough there.
        pods = manifests.selected(selector)
        some = item["kind"] != "Service"
        for port in named_ports(item):
            has = [port in pod.ports() or port in pod.ports().values() for pod in pods]
            if pods and not (any(has) if some else all(has)):
                yield f"{called(item)} names the port {port}, which its pods don't have"


def configuration_names(manifests):
    certificates = {item["spec"]["secretName"] for item in manifests.of_kind("Certificate")}
    secrets = {item["metadata"]["name"] for item in manifests.of_kind("Secret")} | certificates | SECRETS_OF_THE_OPERATOR
    for pod in manifests.pods:
        for kind, name in referred_names(pod.spec):
            exists = name in secrets if kind == "Secret" else manifests.find(kind, name)
            if not exists:
                yield f"{pod.name} refers to {kind} {name}, which does not exist"


def referred_names(spec):
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec.get("volumes", []):
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
    for container in spec.get("initContainers", []) + spec["containers"]:
        for source in container.get("envFrom", []):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if field in source:
                    yield kind, source[field]["name"]
        for variable in container.get("env", []):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if field in variable.get("valueFrom", {}):
                    yield kind, variable["valueFrom"][field]["name"]


def unused_configuration(manifests):
    used = {pair for pod in manifests.pods for pair in referred_names(pod.spec)}
    for item in manifests.of_kind("ConfigMap"):
        if ("ConfigMap", item["metadata"]["name"]) not in used:
            yield f"{called(item)} is used by no pod"


def mounts(manifests):
    for pod in manifests.pods:
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        mounted = [mount for container in pod.containers for mount in container.get("volumeMounts", [])]
        for name in sorted({mount["name"] for mount in mounted} - volumes):
            yield f"{pod.name} mounts {name}, which is no volume of it"
        for name in sorted(volumes - {mount["name"] for mount in mounted}):
            yield f"{pod.name} has the volume {name}, which it does not mount"
        for container in pod.containers:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            for path in {path for path in paths if paths.count(path) > 1}:
                yield f"{pod.name} mounts two volumes at {path}"
            for mount in container.get("volumeMounts", []):
                if "subPath" in mount and any(v["name"] == mount["name"] and "secret" in v for v in pod.spec["volumes"]):
                    yield f"{pod.name} mounts the secret {mount['name']} by subPath, which is never updated"


def headless_services(manifests):
    """gRPC clients balance over addresses, so DNS has to give them all. A StatefulSet needs its own Service by name."""
    for item in manifests.of_kind("Service"):
        if item["spec"].get("clusterIP") != "None":
            yield f"{called(item)} is not headless"
    for item in manifests.of_kind("StatefulSet"):
        if not manifests.find("Service", item["spec"]["serviceName"]):
            yield f"{called(item)} names the Service {item['spec']['serviceName']}, which does not exist"


def scale_targets(manifests):
    scaled = []
    for item in manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        spec = item["spec"]
        reference = spec["scaleTargetRef"]
        target = manifests.find(reference["kind"], reference["name"])
        if not target:
            yield f"{called(item)} scales {reference['kind']} {reference['name']}, which does not exist"
            continue
        scaled.append(called(target))
        if "replicas" in target["spec"]:
            yield f"{called(target)} states replicas although {called(item)} sets them: each apply would undo it"
        low, high = (spec.get(a, spec.get(b)) for a, b in (("minReplicas", "minReplicaCount"), ("maxReplicas", "maxReplicaCount")))
        if low is None or low < 2 or high < low:
            yield f"{called(item)} allows {low} to {high} replicas; wanted: 2 or more"
        on_cpu = [metric for metric in spec.get("metrics", []) if metric.get("resource", {}).get("name") == "cpu"]
        if on_cpu and any(pod.owner is target and pod.asks_for_gpu() for pod in manifests.pods):
            yield f"{called(item)} scales pods with GPUs by their CPU load"
    for name in {name for name in scaled if scaled.count(name) > 1}:
        yield f"{name} has two autoscalers, which would fight"


def replica_counts(manifests):
    """At least two replicas serve, and a disruption budget lets one go at a time."""
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject")}
    for item in manifests.of_kind("Deployment"):
        if item["metadata"]["name"] not in scaled and item["spec"].get("replicas", 1) < 2:
            yield f"{called(item)} has fewer than 2 replicas"
        labels = item["spec"]["template"]["metadata"].get("labels", {})
        budgets = [b for b in manifests.of_kind("PodDisruptionBudget") if selects(b["spec"]["selector"], labels)]
        if len(budgets) != 1:
            yield f"{called(item)} has {len(budgets)} disruption budgets; wanted: 1"
    for item in manifests.of_kind("PodDisruptionBudget"):
        if item["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{called(item)} lets pods that are not ready block a drain"
        if item["spec"].get("maxUnavailable") in (0, "0", "0%") or "minAvailable" in item["spec"]:
            yield f"{called(item)} may forbid every eviction; wanted: maxUnavailable of 1 or more"


RULES = (unique_names, namespaces, workload_selectors, other_selectors, unique_ports, port_names, configuration_names,
         unused_configuration, mounts, headless_services, scale_targets, replica_counts)
