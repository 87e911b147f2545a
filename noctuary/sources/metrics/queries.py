"""What Prometheus is asked about workloads: a fixed set of queries over what common exporters and meshes count.

docs/reference/metrics-queries.md lists them; a query whose exporter is not there finds nothing and costs little.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from noctuary.models.diagnosis import PodView, ServiceView
from noctuary.models.signals import SignalKind

MAX_WORKLOADS = 50
"""Names in one matcher: more make a query of which Prometheus reads whole namespaces anyway."""
_LABEL_VALUE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
"""Names that Kubernetes gives; nothing else is written into a query."""


class Query(NamedTuple):
    """One query: what it measures, its name in notes, by whom it is counted, and PromQL with `{pods}` and the like."""

    kind: SignalKind
    name: str
    exporter: str
    promql: str


_GENERIC = (
    'sum by (namespace, pod) (rate({metric}{{{pods},{status}=~"5.."}}[2m]))'
    " / sum by (namespace, pod) (rate({metric}{{{pods}}}[2m]))"
)
QUERIES: tuple[Query, ...] = (
    Query(
        SignalKind.ERRORS,
        "error ratio (Istio)",
        "Istio",
        "sum by (destination_workload, destination_workload_namespace) "
        '(rate(istio_requests_total{{reporter="destination",{mesh},response_code=~"5.."}}[2m])) / '
        "sum by (destination_workload, destination_workload_namespace) "
        '(rate(istio_requests_total{{reporter="destination",{mesh}}}[2m]))',
    ),
    Query(
        SignalKind.ERRORS,
        "error ratio (Linkerd)",
        "Linkerd",
        'sum by (namespace, pod) (rate(response_total{{direction="inbound",classification="failure",{pods}}}[2m]))'
        ' / sum by (namespace, pod) (rate(response_total{{direction="inbound",{pods}}}[2m]))',
    ),
    Query(
        SignalKind.ERRORS,
        "error ratio (OpenTelemetry)",
        "OpenTelemetry",
        _GENERIC.replace("{metric}", "http_server_request_duration_seconds_count").replace(
            "{status}", "http_response_status_code"
        ),
    ),
    Query(
        SignalKind.ERRORS,
        "error ratio (http_requests_total, code)",
        "client libraries",
        _GENERIC.replace("{metric}", "http_requests_total").replace("{status}", "code"),
    ),
    Query(
        SignalKind.ERRORS,
        "error ratio (http_requests_total, status)",
        "client libraries",
        _GENERIC.replace("{metric}", "http_requests_total").replace("{status}", "status"),
    ),
    Query(
        SignalKind.LATENCY,
        "mean latency (Istio)",
        "Istio",
        "sum by (destination_workload, destination_workload_namespace) "
        '(rate(istio_request_duration_milliseconds_sum{{reporter="destination",{mesh}}}[2m])) / '
        "sum by (destination_workload, destination_workload_namespace) "
        '(rate(istio_request_duration_milliseconds_count{{reporter="destination",{mesh}}}[2m])) / 1000',
    ),
    Query(
        SignalKind.LATENCY,
        "mean latency (OpenTelemetry)",
        "OpenTelemetry",
        "sum by (namespace, pod) (rate(http_server_request_duration_seconds_sum{{{pods}}}[2m]))"
        " / sum by (namespace, pod) (rate(http_server_request_duration_seconds_count{{{pods}}}[2m]))",
    ),
    Query(
        SignalKind.LATENCY,
        "mean latency (http_request_duration_seconds)",
        "client libraries",
        "sum by (namespace, pod) (rate(http_request_duration_seconds_sum{{{pods}}}[2m]))"
        " / sum by (namespace, pod) (rate(http_request_duration_seconds_count{{{pods}}}[2m]))",
    ),
    Query(
        SignalKind.TRAFFIC,
        "traffic (Istio)",
        "Istio",
        "sum by (destination_workload, destination_workload_namespace) "
        '(rate(istio_requests_total{{reporter="destination",{mesh}}}[2m]))',
    ),
    Query(
        SignalKind.TRAFFIC,
        "traffic (http_requests_total)",
        "client libraries",
        "sum by (namespace, pod) (rate(http_requests_total{{{pods}}}[2m]))",
    ),
    Query(
        SignalKind.RESTARTS,
        "restarts in 5 minutes",
        "kube-state-metrics",
        "sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total{{{pods}}}[5m]))",
    ),
    Query(
        SignalKind.READINESS,
        "ready pods",
        "kube-state-metrics",
        'sum by (namespace, pod) (kube_pod_status_ready{{{pods},condition="true"}})',
    ),
    Query(
        SignalKind.SATURATION,
        "memory share of the limit",
        "cAdvisor and kube-state-metrics",
        'max by (namespace, pod) (container_memory_working_set_bytes{{{pods},container!=""}}'
        ' / on (namespace, pod, container) kube_pod_container_resource_limits{{{pods},resource="memory"}})',
    ),
    Query(
        SignalKind.SATURATION,
        "share of CPU periods that were throttled",
        "cAdvisor",
        "sum by (namespace, pod) (rate(container_cpu_cfs_throttled_periods_total{{{pods}}}[2m]))"
        " / sum by (namespace, pod) (rate(container_cpu_cfs_periods_total{{{pods}}}[2m]))",
    ),
    Query(
        SignalKind.SATURATION,
        "CPU use",
        "cAdvisor",
        'sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{{{pods},container!=""}}[2m]))',
    ),
)


def queries_for(services: list[ServiceView], pods: list[PodView]) -> Iterator[tuple[Query, str]]:
    """Yield each query with its PromQL for the workloads of some services; nothing where no name can be asked for."""
    namespaces = _names(namespace for each in services for namespace in each.namespaces)
    workloads = _names([*(pod.workload for pod in pods), *(each.name for each in services)])[:MAX_WORKLOADS]
    if not namespaces or not workloads:
        return
    places, names = "|".join(map(_literal, namespaces)), "|".join(map(_literal, workloads))
    matchers = {
        "pods": f'namespace=~"{places}",pod=~"({names})-.+|{names}"',
        "mesh": f'destination_workload_namespace=~"{places}",destination_workload=~"{names}"',
    }
    for query in QUERIES:
        yield query, query.promql.format(**matchers)


def _names(told: object) -> list[str]:
    found = dict.fromkeys(str(name) for name in told)  # type: ignore[attr-defined]  # any names
    return sorted(name for name in found if _LABEL_VALUE.fullmatch(name))


def _literal(name: str) -> str:
    return name.replace(".", r"\\.")
