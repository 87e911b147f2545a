"""What Grafana, Datadog and others leave in an alert's details, and what of it the alert is about."""

import json

from noctuary.models.evidence import AlertTarget
from tests.unit.pagerduty.alert_labels.alertmanager_cases import API, API_POD, CRASH, REPLICAS, Case, text

GRAFANA = (
    "\nValue: B=0, C=1\nLabels:\n - alertname = Restarts\n - grafana_folder = Kubernetes\n - namespace = payments\n"
    " - pod = api-7d9c-x2\nAnnotations:\n - summary = many restarts\nSource: https://grafana/alerting/grafana/u/view\n"
    "Silence: https://grafana/alerting/silence/new?matcher=pod%3Dother\n"
)
POD = AlertTarget(namespace="payments", pod="api-7d9c-x2")
DATADOG = "env:prod,kube_cluster_name:eu-1,kube_namespace:payments,kube_deployment:api,pod_name:api-7d9c-x2,monitor"
DATADOG_API = AlertTarget(namespace="payments", deployment="api", pod="api-7d9c-x2")

CASES: dict[str, Case] = {
    "Grafana's template": ({"firing": GRAFANA, "num_firing": "1"}, [POD]),
    "Grafana's webhook as text": (
        json.dumps({"alerts": [{"status": "firing", "labels": CRASH, "values": {"B": 0}}], "title": "x"}),
        [API_POD],
    ),
    "Grafana's values": (
        {"valueString": "[ var='B0' metric='Value' labels={namespace=payments, pod=api-7d9c-x2} value=4 ]"},
        [POD],
    ),
    "Grafana's older alerting": (
        {"evalMatches": [{"metric": "x", "value": 3, "tags": {"namespace": "payments", "deployment": "api"}}]},
        [API],
    ),
    "Grafana's older alerting without tags": ({"evalMatches": [{"metric": "x", "value": 3, "tags": None}]}, []),
    "Datadog's tags in a text": ({"tags": DATADOG, "body": "%%%\nCPU is high\n%%%"}, [DATADOG_API]),
    "Datadog's tags with blanks": ({"tags": DATADOG.replace(",", ", ")}, [DATADOG_API]),
    "Datadog's tags as a list": ({"tags": DATADOG.split(",")}, [DATADOG_API]),
    "Datadog's other workloads": (
        {"tags": "kube_namespace:data,kube_stateful_set:postgres,kube_service:postgres,kube_container_name:db"},
        [AlertTarget(namespace="data", statefulset="postgres", service="postgres", container="db")],
    ),
    "Datadog's Jobs": (
        {"tags": "kube_namespace:batch,kube_job:report-1,kube_cronjob:report"},
        [AlertTarget(namespace="batch", job="report-1", cronjob="report")],
    ),
    "Datadog's owner of a pod": (
        {"tags": "kube_namespace:data,kube_ownerref_kind:statefulset,kube_ownerref_name:postgres"},
        [AlertTarget(namespace="data", statefulset="postgres")],
    ),
    "Datadog's title and message": (
        {"title": "Restarts on pod_name:api-7d9c-x2,kube_namespace:payments", "body": "service: down", "tags": "env:p"},
        [POD],
    ),
    "a Datadog monitor of a host": ({"tags": "host:node-7,env:prod"}, [AlertTarget(node="node-7")]),
    "a template of one's own": (
        {"namespace": "payments", "deployment": "api", "runbook": "https://wiki/api", "severity": "critical"},
        [API],
    ),
    "a template of one's own beside Alertmanager's text without names": (
        text({"alertname": "x"}) | {"namespace": "payments", "deployment": "api"},
        [API],
    ),
    "OpenTelemetry's attributes": (
        {"attributes": {"k8s.namespace.name": "payments", "k8s.deployment.name": "api", "service.name": "checkout"}},
        [AlertTarget(namespace="payments", deployment="api", service="checkout")],
    ),
    "New Relic's": (
        {"targets": [{"name": "x", "labels": {"k8s.namespaceName": "payments", "k8s.podName": "api-7d9c-x2"}}]},
        [POD],
    ),
    "labels within a namespace": (
        {"namespace": "payments", "labels": {"deployment": "api"}},
        [API],
    ),
    "labels as a text of JSON": ({"labels": json.dumps(REPLICAS)}, [API]),
    "a Service of an application": (
        {"kubernetes_namespace": "payments", "app": "api"},
        [AlertTarget(namespace="payments", service="api")],
    ),
    "a pod of another field": ({"Pod Name": "api-7d9c-x2", "Namespace": "payments"}, [POD]),
    "annotations, which are prose": ({"annotations": {"namespace": "payments"}}, []),
    "numbers": ({"namespace": 7, "pod": None, "labels": [1, 2]}, []),
    "nothing": (None, []),
    "a number": (7, []),
    "a list of numbers": ([1, 2], []),
    "prose": ("The namespace payments is down: pod = api", []),
    "JSON of a thousand levels": ("[" * 1000 + "]" * 1000, []),
    "JSON of a hundred thousand levels": ("[" * 100_000, []),
}
