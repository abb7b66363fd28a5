"""The kinds that Kubernetes' own schemas don't have, and the fields of them that our manifests may use: a typo is found, and
whoever uses a further field adds it here after reading its documentation.

A dict stands for an object, a list of one for a list, a type for a value; ANY for what another schema or program checks.
"""

ANY = object
METADATA = {"name": str, "namespace": str, "labels": ANY, "annotations": ANY}
POLICIES = {"stabilizationWindowSeconds": int, "selectPolicy": str,
            "policies": [{"type": str, "value": int, "periodSeconds": int}]}

FIELDS = {
    # https://keda.sh/docs/latest/reference/scaledobject-spec/ and .../scalers/prometheus/
    ("keda.sh/v1alpha1", "ScaledObject"): {
        "apiVersion": str, "kind": str, "metadata": METADATA,
        "spec": {
            "scaleTargetRef": {"apiVersion": str, "kind": str, "name": str},
            "pollingInterval": int, "minReplicaCount": int, "maxReplicaCount": int,
            "fallback": {"failureThreshold": int, "replicas": int, "behavior": str},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleUp": POLICIES, "scaleDown": POLICIES}}},
            "triggers": [{"type": str, "name": str, "metricType": str,
                          "metadata": {"serverAddress": str, "query": str, "threshold": str, "ignoreNullValues": str}}],
        },
    },
    # https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
    ("monitoring.coreos.com/v1", "PodMonitor"): {
        "apiVersion": str, "kind": str, "metadata": METADATA,
        "spec": {
            "jobLabel": str, "podTargetLabels": [str], "selector": ANY,
            "podMetricsEndpoints": [{"port": str, "path": str, "interval": str, "scrapeTimeout": str}],
        },
    },
    # https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
    ("cert-manager.io/v1", "Certificate"): {
        "apiVersion": str, "kind": str, "metadata": METADATA,
        "spec": {
            "secretName": str, "dnsNames": [str], "duration": str, "renewBefore": str, "usages": [str],
            "privateKey": {"algorithm": str, "size": int, "rotationPolicy": str},
            "issuerRef": {"group": str, "kind": str, "name": str},
        },
    },
}


def field_faults(value, fields, path):
    if isinstance(fields, dict):
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        for key, item in value.items():
            if key in fields:
                yield from field_faults(item, fields[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is no known field"
    elif isinstance(fields, list):
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for index, item in enumerate(value):
            yield from field_faults(item, fields[0], f"{path}[{index}]")
    elif not isinstance(value, fields):
        yield f"{path} is no {fields.__name__}: {value!r}"


def custom_kind_faults(item):
    """Faults of an object of a kind in FIELDS."""
    fields = FIELDS[item["apiVersion"], item["kind"]]
    yield from field_faults(item, fields, f'{item["kind"]} {item["metadata"]["name"]}')
