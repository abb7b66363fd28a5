#!/usr/bin/python3
"""kubernetes_check.py passes manifests without a fault, and each of its rules finds what it is there for."""
import pathlib
import unittest

import kubernetes_check
import kubernetes_running_rules
import kubernetes_wiring_rules
from kubernetes_binaries import Binaries
from kubernetes_objects import quantity, seconds

FIXTURE = pathlib.Path(__file__).with_name("kubernetes_check_fixture.yaml").read_text(encoding="utf-8")

SERVER_HELP = """Usage: ganserve [--OPTION VALUE]...
  --listen HOST:PORT                GANSERVE_LISTEN
  --metrics-listen HOST:PORT        GANSERVE_METRICS_LISTEN
  --health-listen HOST:PORT|off     GANSERVE_HEALTH_LISTEN
  --models DIR                      GANSERVE_MODELS
  --workers N                       GANSERVE_WORKERS
  --max-connection-age DURATION     GANSERVE_MAX_CONNECTION_AGE
  --max-connection-age-grace D      GANSERVE_MAX_CONNECTION_AGE_GRACE
  --jobs DIR                        GANSERVE_JOBS
  --drain-timeout DURATION          GANSERVE_DRAIN_TIMEOUT
  --trainer-stop-grace DURATION     GANSERVE_TRAINER_STOP_GRACE
"""
TRAINER_HELP = """Subcommands:
  train                       Train a generator
  run                         Train the job of a directory

Exit codes: 0 finished; 1 an error that another attempt may get past; 2 wrong flags; 4 an error that comes again.
"""
HELP = {("ganserve",): SERVER_HELP, ("ganserve-trainer",): TRAINER_HELP, ("ganserve-trainer", "run"): "  --job-dir TEXT\n"}
DEFAULTS = {"listen": "127.0.0.1:50051", "metrics-listen": "127.0.0.1:9464", "health-listen": "off", "models": "", "jobs": "",
            "workers": "0", "max-connection-age": "0", "max-connection-age-grace": "30s", "drain-grace": "2s",
            "drain-timeout": "25s", "trainer-stop-grace": "20s"}


class FakeBinaries(Binaries):
    """Answers as the executables would, without starting any."""

    def help(self, *command):
        return HELP[command]

    def health_names(self):
        return {"ready", "live"}

    def server_options(self, variables):
        given = {key.removeprefix("GANSERVE_").lower().replace("_", "-"): value for key, value in variables.items()}
        options = DEFAULTS | {key: value for key, value in given.items() if key in DEFAULTS}
        if seconds(options["max-connection-age"]) is None:
            return {}, "GANSERVE_MAX_CONNECTION_AGE: must be a duration"
        return options, ""


# What is written in place of what, and the fault that must be found. A rule's name stands first.
BREACHES = [
    ("unique_names", "name: config, namespace: images}\ndata:", "name: config, namespace: images}\n---\napiVersion: v1\n"
     "kind: ConfigMap\nmetadata: {name: config, namespace: images}\ndata:", "ConfigMap config is there twice"),
    ("namespaces", "kind: Service\nmetadata: {name: images, namespace: images}", "kind: Service\nmetadata: {name: images, "
     "namespace: other}", "Service images is in namespace other"),
    ("workload_selectors", "labels: {app: images}", "labels: {app: image}", "but its pods have {'app': 'image'}"),
    ("workload_selectors", "labels: {app: train}", "labels: {app: images}", "selects the pods of Job train too"),
    ("workload_selectors", "labelSelector: {matchLabels: {app: images}}", "labelSelector: {matchLabels: {app: image}}",
     "spreads over zone other pods than its own"),
    ("other_selectors", "selector: {app: images}", "selector: {app: image}", "Service images selects no pod"),
    ("other_selectors", "podSelector: {matchLabels: {app: images}}", "podSelector: {matchLabels: {app: image}}",
     "NetworkPolicy images selects no pod"),
    ("unique_ports", "{name: metrics, containerPort: 9464}", "{name: metrics, containerPort: 50051}",
     "has the port number 50051 twice"),
    ("port_names", "targetPort: grpc", "targetPort: http", "Service images names the port http"),
    ("port_names", "[{port: metrics}]", "[{port: metric}]", "PodMonitor images names the port metric"),
    ("port_names", "ports: [{port: grpc}]", "ports: [{port: http}]", "NetworkPolicy images names the port http"),
    ("configuration_names", "configMapRef: {name: config}", "configMapRef: {name: options}", "refers to ConfigMap options"),
    ("configuration_names", "claimName: shared}\n        - name: tls", "claimName: other}\n        - name: tls",
     "refers to PersistentVolumeClaim other"),
    ("configuration_names", "secretName: ganserve-tls", "secretName: tls", "refers to Secret tls"),
    ("configuration_names", "serviceAccountName: account", "serviceAccountName: default", "refers to ServiceAccount default"),
    ("unused_configuration", "envFrom: [{configMapRef: {name: config}}]", "envFrom: []", "ConfigMap config is used by no pod"),
    ("mounts", "{name: tmp, mountPath: /tmp}", "{name: temp, mountPath: /tmp}", "mounts temp, which is no volume"),
    ("mounts", "{name: tmp, mountPath: /tmp}", "{name: tmp, mountPath: /shared}", "mounts two volumes at /shared"),
    ("mounts", ", {name: tls, mountPath: /tls}", "", "has the volume tls, which it does not mount"),
    ("mounts", "mountPath: /tls}", "mountPath: /tls, subPath: a}", "which is never updated"),
    ("headless_services", "clusterIP: None", "clusterIP: 10.0.0.1", "Service images is not headless"),
    ("scale_targets", "kind: Deployment, name: images", "kind: Deployment, name: image", "which does not exist"),
    ("scale_targets", "strategy: {", "replicas: 3\n  strategy: {", "states replicas although ScaledObject images sets them"),
    ("scale_targets", "minReplicaCount: 2", "minReplicaCount: 1", "allows 1 to 20 replicas"),
    ("replica_counts", "kind: Deployment, name: images", "kind: Deployment, name: image", "has fewer than 2 replicas"),
    ("replica_counts", "unhealthyPodEvictionPolicy: AlwaysAllow", "unhealthyPodEvictionPolicy: IfHealthyBudget",
     "lets pods that are not ready block a drain"),
    ("replica_counts", "maxUnavailable: 1\n", "maxUnavailable: 0\n", "may forbid every eviction"),
    ("known_variables", "GANSERVE_MODELS:", "GANSERVE_MODEL:", "sets GANSERVE_MODEL, which ganserve --help does not know"),
    ("known_flags", "--job-dir=", "--job=", "has the flag --job, which"),
    ("known_flags", "args: [run,", "args: [go,", "runs `ganserve-trainer go`"),
    ("accepted_values", "MAX_CONNECTION_AGE: 2m", "MAX_CONNECTION_AGE: 2x", "must be a duration"),
    ("accepted_values", "/shared/models", "/sharedmodels", "--models is /sharedmodels, which is in no volume"),
    ("accepted_values", "mountPath: /shared}, {name: tls", "mountPath: /shared, readOnly: true}, {name: tls",
     "which is mounted read-only"),
    ("listened_ports", "0.0.0.0:9464", "0.0.0.0:9465", "the port metrics is 9464, but --metrics-listen is 0.0.0.0:9465"),
    ("listened_ports", "0.0.0.0:50051", "127.0.0.1:50051", "which nobody outside the pod reaches"),
    ("probes", "livenessProbe: {grpc: {port: 50052, service: live}}", "livenessProbe: {grpc: {port: 50052, service: ready}}",
     "the livenessProbe asks for 'ready'"),
    ("probes", "readinessProbe: {grpc: {port: 50052,", "readinessProbe: {grpc: {port: 50051,", "not the port health"),
    ("probes", "startupProbe: {grpc:", "startupProbe: {tcpSocket:", "has no gRPC startupProbe"),
    ("grace", "terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 36", "take 37 s"),
    ("grace", "GANSERVE_MODELS: /shared/models", "GANSERVE_JOBS: /shared\n  GANSERVE_TRAINER_STOP_GRACE: 60s", "take 72 s"),
    ("grace", "seconds: 5", "seconds: 0", "has no preStop sleep"),
    ("connection_age", "GANSERVE_MAX_CONNECTION_AGE: 2m", 'GANSERVE_MAX_CONNECTION_AGE: "0"', "keeps connections for ever"),
    ("connection_age", "AGE: 2m", "AGE: 2m\n  GANSERVE_MAX_CONNECTION_AGE_GRACE: 5s", "less than the client's 30 s"),
    ("rollout", "maxSurge: 1,", "maxSurge: 0%,", "can't be rolled out"),
    ("rollout", "maxUnavailable: 0}", "maxUnavailable: 1}", "fewer replicas than wanted"),
    ("rollout", 'requests: {cpu: "2", memory: 1Gi}, limits: {memory: 1Gi}',
     'requests: {cpu: "2", memory: 1Gi}, limits: {memory: 1Gi, nvidia.com/gpu: "1"}', "may wait for the GPU of the old one"),
    ("quantities", "storage: 10Gi", "storage: 10GB", "which is no quantity"),
    ("quantities", 'cpu: "2"', 'cpu: "2c"', "cpu '2c' is no quantity"),
    ("quantities", "limits: {memory: 1Gi}", "limits: {memory: 2Gi}", "memory request 1Gi and limit 2Gi differ"),
    ("quantities", 'cpu: "1", memory: 2Gi}, limits: {', 'cpu: "1", memory: 2Gi}, limits: {cpu: 500m, ', "more cpu than its limit"),
    ("quantities", "sizeLimit: 64Mi", "sizeLimit: 64MB", "has no valid sizeLimit"),
    ("workers", "GANSERVE_WORKERS", "OTHER", "neither a CPU limit nor GANSERVE_WORKERS"),
    ("confinement", "enforce: restricted", "enforce: baseline", "does not enforce Pod Security"),
    ("confinement", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem of server is False"),
    ("confinement", "capabilities: {drop: [ALL]}", "capabilities: {drop: [ALL]}\n            privileged: true",
     "privileged of server is True"),
    ("confinement", "runAsUser: 65532", "runAsUser: 0", "runAsUser is 0"),
    ("confinement", "serviceAccountName: account", "serviceAccountName: account\n      hostNetwork: true", "has hostNetwork"),
    ("confinement", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "gets a token"),
    ("confinement", "emptyDir: {sizeLimit: 64Mi}", "hostPath: {path: /tmp}", "the volume tmp is a hostPath"),
    ("failure_policies", "values: [2, 4]", "values: [4, 2]", "must ascend"),
    ("failure_policies", "values: [2, 4]", "values: [2, 3]", "the trainer's are [2, 4]"),
    ("failure_policies", "containerName: trainer", "containerName: train", "which is no container of it"),
    ("failure_policies", "type: DisruptionTarget", "type: Ready", "does not begin by ignoring disruptions"),
    ("failure_policies", "restartPolicy: Never", "restartPolicy: OnFailure", "is not Indexed with restartPolicy Never"),
    ("custom_kind_faults", "query: ", "querry: ", "metadata.querry is no known field"),
    ("custom_kind_faults", "minReplicaCount: 2", 'minReplicaCount: "2"', "spec.minReplicaCount is no int: '2'"),
]


class KubernetesCheckTest(unittest.TestCase):
    def faults_of(self, text):
        return kubernetes_check.find_faults(text, FakeBinaries("unused"))

    def test_passes_manifests_without_a_fault(self):
        self.assertEqual([], self.faults_of(FIXTURE))

    def test_finds_every_breach(self):
        for rule, old, new, message in BREACHES:
            with self.subTest(rule=rule, new=new):
                self.assertIn(old, FIXTURE)
                faults = self.faults_of(FIXTURE.replace(old, new, 1))
                self.assertTrue(any(message in fault for fault in faults), f"{message!r} is not among {faults}")

    def test_has_a_breach_for_every_rule(self):
        rules = {rule.__name__ for module in (kubernetes_wiring_rules, kubernetes_running_rules) for rule in module.RULES}
        self.assertEqual(set(), rules - {rule for rule, *_ in BREACHES})

    def test_finds_two_autoscalers_and_one_by_cpu_on_gpus(self):
        autoscaler = """---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: second, namespace: images}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: images}
  minReplicas: 2
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu}}]
"""
        gpu = FIXTURE.replace("limits: {memory: 1Gi}", 'limits: {memory: 1Gi, nvidia.com/gpu: "1"}')
        faults = self.faults_of(gpu + autoscaler)
        self.assertIn("Deployment images has two autoscalers, which would fight", faults)
        self.assertIn("HorizontalPodAutoscaler second scales pods with GPUs by their CPU load", faults)

    def test_finds_an_empty_file(self):
        self.assertEqual(["no objects"], self.faults_of("---\n"))

    def test_finds_a_health_name_that_the_server_does_not_know(self):
        binaries = FakeBinaries("unused")
        binaries.health_names = lambda: {"ready"}
        faults = kubernetes_check.find_faults(FIXTURE, binaries)
        self.assertEqual(["Deployment images: the livenessProbe asks for 'live', which the server's health port does not know"],
                         faults)

    def test_reads_options_and_exit_codes_out_of_help(self):
        binaries = FakeBinaries("unused")
        self.assertIn("GANSERVE_HEALTH_LISTEN", binaries.variables("ganserve"))
        self.assertEqual({"train", "run"}, binaries.subcommands("ganserve-trainer"))
        self.assertEqual({0, 1, 2, 4}, binaries.trainer_exit_codes())

    def test_reads_quantities_and_durations(self):
        self.assertEqual([2, 0.5, 2**30, 64 * 2**20], [quantity(text) for text in ("2", "500m", "1Gi", "64Mi")])
        self.assertEqual([None] * 3, [quantity(text) for text in ("1GB", "", "2 Gi")])
        self.assertEqual([0.5, 25, 120, 0], [seconds(text) for text in ("500ms", "25s", "2m", "0")])
        self.assertEqual([None] * 2, [seconds(text) for text in ("25", "2x")])


if __name__ == "__main__":
    unittest.main()
