"""From the labels of one alert to the objects that they name: each system has other words for the same thing."""

import re
from collections.abc import Iterator, Mapping

from noctuary.common.words import is_label, is_subdomain
from noctuary.models.evidence import AlertTarget

EXPORTED = "exported_"
"""Prometheus renames a label of the series so where the scraped program has one of the same name."""
_PREFIXES = ("resource_", "label_", "kubernetes_", "kube_", "k8s_")
"""Before the name of a thing: of OpenTelemetry, kube-state-metrics, Fluent Bit, Datadog and New Relic."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[^A-Za-z0-9]+")
MAX_KEY_CHARS = 100
_FIELDS = {
    "namespace": "namespace",
    "namespace_name": "namespace",
    "ns": "namespace",
    "destination_workload_namespace": "namespace",
    "destination_service_namespace": "namespace",
    "pod": "pod",
    "pod_name": "pod",
    "podname": "pod",
    "deployment": "deployment",
    "deployment_name": "deployment",
    "statefulset": "statefulset",
    "stateful_set": "statefulset",
    "statefulset_name": "statefulset",
    "stateful_set_name": "statefulset",
    "daemonset": "daemonset",
    "daemon_set": "daemonset",
    "daemonset_name": "daemonset",
    "daemon_set_name": "daemonset",
    "cronjob": "cronjob",
    "cron_job": "cronjob",
    "cronjob_name": "cronjob",
    "cron_job_name": "cronjob",
    "job_name": "job",
    "workload": "workload",
    "workload_name": "workload",
    "destination_workload": "workload",
    "rollout": "workload",
    "horizontalpodautoscaler": "workload",
    "hpa": "workload",
    "service": "service",
    "service_name": "service",
    "destination_service_name": "service",
    "app": "service",
    "app_name": "service",
    "app_kubernetes_io_name": "service",
    "application": "service",
    "job": "service",
    "source_component": "service",
    "node": "node",
    "node_name": "node",
    "nodename": "node",
    "host": "node",
    "host_name": "node",
    "hostname": "node",
    "source_origin": "node",
    "container": "container",
    "container_name": "container",
}
"""By the label in snake case, without a prefix, the better word before others. `job` alone is the scrape job of
Prometheus, most often called like the application's Service."""
_KUBERNETES_JOBS = frozenset({"kube_job", "k8s_job", "kubernetes_job"})
_OWNER_NAMES = ("owner_name", "ownerref_name", "created_by_name")
_OWNER_KINDS = ("owner_kind", "ownerref_kind", "created_by_kind", "workload_type", "workload_kind")
_KIND_FIELDS = {
    "deployment": "deployment",
    "statefulset": "statefulset",
    "daemonset": "daemonset",
    "cronjob": "cronjob",
    "job": "job",
}
_STATE_METRICS = "kube-state-metrics"
_EXPORTER = "-exporter"
"""How programs are called that tell of other things than themselves."""
_OF_POD = ("pod", "container", "service")
_SUBJECTS = ("deployment", "statefulset", "daemonset", "cronjob", "job", "workload", "node")


def target_of(labels: Mapping[str, object]) -> AlertTarget | None:
    """Return what labels name; None where that is nothing of Kubernetes. The first of several words for a thing counts.

    What is no name in Kubernetes, or is of the exporter that told of something else, is left out.
    """
    known = {_snake(name): value.strip() for name, value in labels.items() if isinstance(value, str)}
    exported = {name.removeprefix(EXPORTED): value for name, value in known.items() if name.startswith(EXPORTED)}
    scraped = {name: value for name, value in known.items() if not name.startswith(EXPORTED)}
    found = _fields(exported) if exported else {}
    if found:  # then the plain labels of these things are the exporter's own
        scraped = {name: value for name, value in scraped.items() if _FIELDS.get(_bare(name)) not in (*found, *_OF_POD)}
    found = _fields(scraped) | found
    target = AlertTarget(**_without_exporter(found, known))
    return None if target.is_empty else target


def _fields(labels: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, value in _told(labels):
        if field not in found and _is_name(field, value):
            found[field] = value
    return found


def _told(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield fields and values, the owner of a pod last: it may be a ReplicaSet, which nobody is paged for."""
    yield from (("job", labels[name]) for name in labels if name in _KUBERNETES_JOBS)
    bare = {_bare(name): value for name, value in labels.items() if name not in _KUBERNETES_JOBS}
    yield from ((field, bare[word]) for word, field in _FIELDS.items() if word in bare)
    kind = next((bare[name].lower() for name in _OWNER_KINDS if name in bare), "")
    for owner in ("workload", *_OWNER_NAMES):
        if owner in bare and kind in _KIND_FIELDS:
            yield _KIND_FIELDS[kind], bare[owner]


def _without_exporter(found: dict[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """Return the fields without the exporter's own pod, where one tells of another thing than itself.

    It names its pod where the series has no pod. Of a node, the namespace is the exporter's as well.
    """
    scraped = [labels[name] for name in ("job", "service") if _is_exporter(labels.get(name, ""))]
    if not scraped:
        return found
    pod = found.get("pod") or found.get("container", "")
    is_own_pod = _STATE_METRICS in pod or any(name in pod for name in scraped)
    dropped = [*(_OF_POD if is_own_pod else ("service",))]
    if is_own_pod and [field for field in _SUBJECTS if field in found] == ["node"]:
        dropped.append("namespace")
    left = {field: value for field, value in found.items() if field not in dropped}
    watched = scraped[0].removesuffix(_EXPORTER).removeprefix("prometheus-")
    is_told = _STATE_METRICS in scraped[0] or left.keys() & {*_SUBJECTS, "pod"}
    return left if is_told else left | {"service": watched}


def _is_exporter(name: str) -> bool:
    """Tell whether a scrape job, or a Service that a Helm release gave its own name before, is an exporter's."""
    return is_subdomain(name) and name.endswith((_STATE_METRICS, _EXPORTER)) and not name.startswith(_EXPORTER)


def _is_name(field: str, value: str) -> bool:
    return is_label(value) if field in ("namespace", "container") else is_subdomain(value)


def _bare(name: str) -> str:
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)


def _snake(name: object) -> str:
    text = str(name)[:MAX_KEY_CHARS]
    return _BETWEEN.sub("_", _HUMP.sub("_", text)).strip("_").lower()
