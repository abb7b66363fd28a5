"""Rendered manifests as the rules of kubernetes_check.py see them: objects by kind and name, pods, quantities, options."""
import dataclasses
import math
import re

import yaml

WORKLOADS = ("Deployment", "StatefulSet", "Job", "Pod")

QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
FACTORS = {None: 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
           "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}


def quantity(text):
    """The number that a Kubernetes quantity stands for, in units (cores, bytes); None if it is none."""
    match = QUANTITY.fullmatch(str(text))
    return float(match[1]) * FACTORS[match[2]] if match else None


def seconds(text):
    """A ganserve duration ("500ms", "2m", "0") in seconds; None if it is none."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h)?", str(text))
    if not match or (match[2] is None and match[1] != "0"):
        return None
    return int(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, None: 1}[match[2]]


def selects(selector, labels):
    """Whether a LabelSelector of matchLabels (or a Service's plain map) matches; {} matches everything."""
    wanted = selector.get("matchLabels", {}) if set(selector) <= {"matchLabels", "matchExpressions"} else selector
    return all(labels.get(key) == value for key, value in wanted.items())


@dataclasses.dataclass
class Pod:
    """A workload's pod template; `owner` is the workload's object (the Pod's own if it stands alone)."""
    owner: dict
    labels: dict
    spec: dict

    @property
    def name(self):
        return f'{self.owner["kind"]} {self.owner["metadata"]["name"]}'

    @property
    def containers(self):
        return self.spec.get("initContainers", []) + self.spec["containers"]

    @property
    def is_replicated(self):
        return self.owner["kind"] == "Deployment"

    def asks_for_gpu(self):
        return any("nvidia.com/gpu" in container.get("resources", {}).get("limits", {}) for container in self.containers)

    def ports(self):
        """Number by name."""
        return {port["name"]: port["containerPort"] for container in self.containers for port in container.get("ports", [])}


class Manifests:
    def __init__(self, text):
        self.objects = [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]
        self.pods = [pod for item in self.objects if (pod := self._pod(item))]

    @staticmethod
    def _pod(item):
        if item["kind"] not in WORKLOADS:
            return None
        template = item if item["kind"] == "Pod" else item["spec"]["template"]
        return Pod(item, template["metadata"].get("labels", {}), template["spec"])

    def of_kind(self, *kinds):
        return [item for item in self.objects if item["kind"] in kinds]

    def find(self, kind, name):
        return next((item for item in self.of_kind(kind) if item["metadata"]["name"] == name), None)

    def selected(self, selector):
        return [pod for pod in self.pods if selects(selector, pod.labels)]

    def environment(self, container):
        """The variables of a container as the kubelet would set them; missing ConfigMaps and fields of the pod are left out."""
        variables = {}
        for source in container.get("envFrom", []):
            config = self.find("ConfigMap", source.get("configMapRef", {}).get("name"))
            variables.update((config or {}).get("data", {}))
        for variable in container.get("env", []):
            value = variable.get("value")
            if field := variable.get("valueFrom", {}).get("resourceFieldRef"):
                value = resource_field(container, field)
            if value is not None:
                variables[variable["name"]] = value
        return variables


def resource_field(container, field):
    """What resourceFieldRef gives: the amount in units of the divisor, rounded up; None if the container lacks it."""
    section, _, name = field["resource"].partition(".")
    amount = quantity(container.get("resources", {}).get(section, {}).get(name))
    return None if amount is None else str(math.ceil(amount / quantity(field.get("divisor", "1"))))
