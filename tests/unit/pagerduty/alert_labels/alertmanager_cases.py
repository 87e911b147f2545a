"""What Alertmanager leaves in an alert's details, and what of it the alert is about."""

import json
from typing import Any

from noctuary.models.evidence import AlertTarget

Case = tuple[Any, list[AlertTarget]]
STATE_METRICS = {
    "job": "kube-state-metrics",
    "service": "monitoring-kube-state-metrics",
    "container": "kube-state-metrics",
    "endpoint": "http",
    "instance": "10.0.0.7:8080",
    "pod": "monitoring-kube-state-metrics-6d9c7b8f5-x2x4k",
}
"""What kube-state-metrics adds of itself to each series that has no such label."""


def text(*alerts: dict[str, str]) -> dict[str, Any]:
    """Write alerts as Alertmanager's template does."""
    blocks = [
        "Labels:\n"
        + "".join(f" - {name} = {value}\n" for name, value in sorted(labels.items()))
        + "Annotations:\n - description = Pod other/thing-0 in namespace = other is bad\n"
        + "Source: http://prometheus/graph?g0.expr=namespace+%3D+x\n"
        for labels in alerts
    ]
    return {"firing": "".join(blocks), "num_firing": str(len(alerts)), "num_resolved": "0", "resolved": ""}


def as_json(*alerts: dict[str, str], status: str = "firing") -> list[dict[str, Any]]:
    """Write alerts as newer Alertmanagers do."""
    return [{"status": status, "labels": labels, "annotations": {"pod": "other"}} for labels in alerts]


CRASH = {"alertname": "KubePodCrashLooping", "namespace": "payments", "pod": "api-7d9c-x2", "container": "api"}
API_POD = AlertTarget(namespace="payments", pod="api-7d9c-x2", container="api")
REPLICAS = {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "payments", "deployment": "api"}
API = AlertTarget(namespace="payments", deployment="api")

CASES: dict[str, Case] = {
    "a pod that crashes, in a text": (text(CRASH), [API_POD]),
    "the same from kube-state-metrics, which names its Service": (
        text(CRASH | {"job": "kube-state-metrics", "service": "monitoring-kube-state-metrics"}),
        [API_POD],
    ),
    "a Deployment, told by a pod of kube-state-metrics": (text(REPLICAS | STATE_METRICS), [API]),
    "a StatefulSet": (
        text(STATE_METRICS | {"namespace": "data", "statefulset": "postgres"}),
        [AlertTarget(namespace="data", statefulset="postgres")],
    ),
    "a DaemonSet": (
        text(STATE_METRICS | {"namespace": "kube-system", "daemonset": "fluent-bit"}),
        [AlertTarget(namespace="kube-system", daemonset="fluent-bit")],
    ),
    "a Job that failed": (
        text({"alertname": "KubeJobFailed", "namespace": "batch", "job_name": "report-28371560"} | STATE_METRICS),
        [AlertTarget(namespace="batch", job="report-28371560")],
    ),
    "a CronJob": (
        text({"namespace": "batch", "cronjob": "report"} | STATE_METRICS),
        [AlertTarget(namespace="batch", cronjob="report")],
    ),
    "a node, in the namespace of the one who tells": (
        text({"alertname": "KubeNodeNotReady", "node": "node-7", "namespace": "monitoring"} | STATE_METRICS),
        [AlertTarget(node="node-7")],
    ),
    "a container that the kubelet tells of, with its node": (
        text(CRASH | {"job": "kubelet", "node": "node-7", "service": "kubelet"}),
        [AlertTarget("payments", pod="api-7d9c-x2", container="api", node="node-7", service="kubelet")],
    ),
    "a quota, of which only the namespace is known": (
        text({"alertname": "KubeQuotaExceeded", "namespace": "payments", "resource": "cpu"} | STATE_METRICS),
        [AlertTarget(namespace="payments")],
    ),
    "an autoscaler": (
        text({"namespace": "payments", "horizontalpodautoscaler": "api"} | STATE_METRICS),
        [AlertTarget(namespace="payments", workload="api")],
    ),
    "labels that Prometheus renamed": (
        text(STATE_METRICS | {"namespace": "monitoring", "exported_namespace": "payments", "exported_pod": "api-1"}),
        [AlertTarget(namespace="payments", pod="api-1")],
    ),
    "what an exporter watches, which is not the exporter": (
        text(
            {"alertname": "RedisDown", "namespace": "payments", "job": "redis-exporter", "service": "redis-exporter"}
            | {"pod": "redis-exporter-5c7-abcde", "container": "redis-exporter"}
        ),
        [AlertTarget(namespace="payments", service="redis")],
    ),
    "what an exporter beside it in its pod watches": (
        text({"namespace": "payments", "job": "redis-exporter", "pod": "redis-0", "container": "redis-exporter"}),
        [AlertTarget(namespace="payments", pod="redis-0", container="redis-exporter")],
    ),
    "a rate of errors by Service": (
        text({"alertname": "HighErrorRate", "namespace": "payments", "service": "api"}),
        [AlertTarget(namespace="payments", service="api")],
    ),
    "a rate of errors by scrape job": (
        text({"alertname": "HighErrorRate", "namespace": "payments", "job": "api"}),
        [AlertTarget(namespace="payments", service="api")],
    ),
    "a workload with its kind, of a recording rule": (
        text({"namespace": "payments", "workload": "api", "workload_type": "deployment"}),
        [AlertTarget(namespace="payments", deployment="api", workload="api")],
    ),
    "Istio's destination": (
        text({"destination_workload": "api", "destination_workload_namespace": "payments"}),
        [AlertTarget(namespace="payments", workload="api")],
    ),
    "two alerts of a group": (text(CRASH, REPLICAS), [API_POD, API]),
    "two alerts with the same names": (text(CRASH, CRASH | {"severity": "critical"}), [API_POD]),
    "a namespace beside a pod in it": (text({"namespace": "payments"}, CRASH), [API_POD]),
    "nothing of Kubernetes": (text({"alertname": "Watchdog", "severity": "none"}), []),
    "names that Kubernetes does not accept": (
        text({"namespace": "../payments", "pod": "a b", "deployment": "API", "service": "$(reboot)"}),
        [],
    ),
    "line ends of Windows": ({"firing": text(CRASH)["firing"].replace("\n", "\r\n")}, [API_POD]),
    "what is resolved": ({"firing": "", "resolved": text(CRASH)["firing"]}, []),
    "JSON as text": ({"firing": json.dumps(as_json(CRASH)), "num_firing": 1}, [API_POD]),
    "JSON as it is": ({"firing": as_json(CRASH, REPLICAS | STATE_METRICS)}, [API_POD, API]),
    "JSON beside the text, as OpenShift sends it": (
        text({"alertname": "x"}) | {"firing_json": json.dumps(as_json(CRASH))},
        [API_POD],
    ),
    "a webhook's body, in which one alert is resolved": (
        {"alerts": as_json(CRASH) + as_json(REPLICAS, status="resolved"), "commonLabels": {"namespace": "payments"}},
        [API_POD],
    ),
    "what a group has in common": ({"commonLabels": REPLICAS, "alerts": []}, [API]),
    "details that are one text": (text(CRASH)["firing"], [API_POD]),
    "details that are one text of JSON": (json.dumps(as_json(CRASH)), [API_POD]),
    "JSON that is cut off": ({"firing": json.dumps(as_json(CRASH))[:-9]}, []),
}
