"""What raw Events make: kills by probes, what says nothing alone, and the facts in messages."""

from typing import Any

import msgspec
import pytest

from noctuary.common.clock import format_time, parse_time
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from tests.unit.sources.cases.events import made, warning
from tests.unit.sources.cases.pods import LABELS, OWNER, pod
from tests.unit.sources.test_kinds import FIRST_START, QueuedEvents
from tests.unit.sources.watched_case import AT, Manifest, manifest

NOON = parse_time(AT)
PROBED = {"spec": {"containers": [{"name": "app", "livenessProbe": {"httpGet": {"path": "/ok", "port": 80}}}]}}


class Watches:
    """The sinks of all kinds, and what they queued."""

    def __init__(self, *pods: Manifest, workloads: dict[str, list[Manifest]] | None = None) -> None:
        self.queue = QueuedEvents()
        context = SinkContext(self.queue, RolloutTracker(self.queue, [FIRST_START], ROLLOUT_KINDS))
        self._kinds = {each.name: each for each in WATCHED_KINDS}
        self._sinks = {each.name: each.make_sink(context) for each in WATCHED_KINDS}
        for each in WATCHED_KINDS:
            listed = list(pods) if each.name == "pods" else (workloads or {}).get(each.name, [])
            self._sinks[each.name].on_list([self._decode(each.name, obj) for obj in listed])
        self.queue.events.clear()

    def _decode(self, name: str, obj: Manifest) -> Any:
        return msgspec.json.decode(msgspec.json.encode(obj), type=self._kinds[name].kind)

    def see(self, name: str, obj: Manifest, change: Any = "MODIFIED") -> list[ContextEvent]:
        """Return the events that one line of a watch makes."""
        self.queue.events.clear()
        self._sinks[name].on_event(change, self._decode(name, obj))
        return list(self.queue.events)


def killing(message: str) -> Manifest:
    return warning("Killing", message, type="Normal", count=1)


@pytest.mark.parametrize("probe", ["liveness", "startup"])
def test_a_kill_by_a_probe_counts_as_that_probe_s_failure(probe: str) -> None:
    watches = Watches(pod({}) | PROBED)
    (event,) = watches.see("killings", killing(f"Container app failed {probe} probe, will be restarted"))
    (failed,) = watches.see("events", warning("Unhealthy", f"{probe.title()} probe failed: HTTP 500"))
    assert event.dedup_key == failed.dedup_key == f"pod-1/Unhealthy/app/{probe}"
    assert (event.details[details.KILLED], event.details[details.REASON]) == ("1", "Unhealthy")
    assert details.MESSAGE not in event.details


@pytest.mark.parametrize("message", ["Stopping container app", "Container app definition changed, will be restarted"])
def test_what_else_ends_containers_is_no_fault(message: str) -> None:
    assert Watches(pod({})).see("killings", killing(message)) == []


def test_warnings_about_a_debugging_container_are_no_fault() -> None:
    about = warning("Failed", "")["involvedObject"] | {"fieldPath": "spec.ephemeralContainers{debug}"}
    assert Watches(pod({})).see("events", warning("Failed", "Error: ErrImagePull", involvedObject=about)) == []


@pytest.mark.parametrize(
    "pods",
    [[], [pod({}, deletionTimestamp="2026-11-21T10:00:20Z", deletionGracePeriodSeconds=30)]],
    ids=["gone", "being deleted"],
)
def test_a_probe_that_fails_because_its_pod_goes_is_no_fault(pods: list[Manifest]) -> None:
    assert Watches(*pods).see("events", warning("Unhealthy", "Readiness probe failed: connection refused")) == []


def test_a_probe_that_failed_before_its_pod_was_deleted_is_one() -> None:
    later = pod({}, deletionTimestamp="2026-11-21T11:00:00Z", deletionGracePeriodSeconds=30)
    assert len(Watches(later).see("events", warning("Unhealthy", "Readiness probe failed"))) == 1


def test_a_warning_tells_whether_its_pod_was_ever_ready() -> None:
    (event,) = Watches(pod({})).see("events", warning("Unhealthy", "Readiness probe failed"))
    assert event.details[details.NEVER_READY] == "1"


def test_a_missing_pull_secret_is_no_fault_and_is_named_when_the_image_cannot_be_pulled() -> None:
    watches = Watches(pod({}))
    missing = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    assert watches.see("events", warning("FailedToRetrieveImagePullSecret", missing, metadata=made(AT))) == []
    (event,) = watches.see("events", warning("Failed", 'Failed to pull image "a/b:1": 401 Unauthorized'))
    assert event.details[details.PULL_SECRET] == "regcred"


def test_a_missing_pull_secret_says_nothing_of_other_faults() -> None:
    watches = Watches(pod({}))
    watches.see("events", warning("FailedToRetrieveImagePullSecret", "some image pull secrets (regcred);"))
    (event,) = watches.see("events", warning("BackOff", "Back-off restarting failed container app in pod p"))
    assert details.PULL_SECRET not in event.details


def test_a_claim_s_trouble_is_that_of_the_pod_that_mounts_it() -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    about = {"kind": "PersistentVolumeClaim", "namespace": "shops", "name": "data", "uid": "claim-1"}
    told = warning("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found', involvedObject=about)
    (event,) = Watches(pod({}) | {"spec": {"containers": [], "volumes": volumes}}).see("events", told)
    assert (event.service_name, event.details[details.CLAIM], event.details[details.STORAGE_CLASS]) == (
        "shop",
        "data",
        "fast",
    )


@pytest.mark.parametrize(
    ("message", "metric"),
    [
        ("failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned", "CPU"),
        (
            "invalid metrics (1 invalid out of 1), first error is: failed to get memory resource metric value: x",
            "memory",
        ),
        ("unable to get external metric shops/queue_depth/nil: no external metrics", "queue_depth"),
        ("the HPA was unable to compute the replica count", None),
    ],
)
def test_an_autoscaler_names_the_metric_it_cannot_read(message: str, metric: str | None) -> None:
    about = {"kind": "HorizontalPodAutoscaler", "namespace": "shops", "name": "shop", "uid": "hpa"}
    (event,) = Watches().see("events", warning("FailedGetResourceMetric", message, involvedObject=about))
    assert event.details.get(details.METRIC) == metric


@pytest.mark.parametrize(
    ("name", "workload"), [("report-29920920", ("CronJob", "report")), ("report-20260101", ("Job", "report-20260101"))]
)
def test_a_job_s_fault_is_that_of_the_job_or_of_the_cron_job_whose_run_it_is(
    name: str, workload: tuple[str, str]
) -> None:
    about = {"kind": "Job", "namespace": "shops", "name": name, "uid": "job-1", "apiVersion": "batch/v1"}
    (event,) = Watches().see("events", warning("BackoffLimitExceeded", "Job has reached", involvedObject=about))
    assert event.object is not None
    assert (event.object.workload_kind, event.object.workload_name) == workload


def test_a_failing_sandbox_keeps_the_end_of_its_message() -> None:
    message = (
        "Failed to create pod sandbox: rpc error: code = Unknown desc = "
        f'failed to setup network for sandbox "{"a" * 64}": '
        f'plugin type="calico" failed (add): {"x" * 300} no IP addresses available in range'
    )
    (event,) = Watches(pod({})).see("events", warning("FailedCreatePodSandBox", message))
    assert event.details[details.MESSAGE].endswith("no IP addresses available in range")


@pytest.mark.parametrize(
    ("message", "pressure", "container"),
    [
        ("The node was low on resource: ephemeral-storage.", "disk_pressure", None),
        ('Container app exceeded its local ephemeral storage limit "1Gi". ', None, "app"),
    ],
)
def test_a_pod_over_its_own_limit_is_not_its_node_s_fault(
    message: str, pressure: str | None, container: str | None
) -> None:
    about = warning("", "")["involvedObject"] | {"fieldPath": ""}
    (event,) = Watches(pod({})).see("events", warning("Evicted", message, involvedObject=about))
    assert (event.old_value, event.details.get(details.CONTAINER)) == (pressure, container)


def counted(count: int, at: float, first: float = NOON) -> Manifest:
    times = {"firstTimestamp": format_time(first), "lastTimestamp": format_time(at)}
    return warning("PolicyViolation", "rule failed", count=count, **times)


def test_a_warning_carries_how_often_it_had_been_counted() -> None:
    watches = Watches(pod({}))
    watches.see("events", counted(480, NOON + 600))
    (event,) = watches.see("events", counted(490, NOON + 900))
    assert event.details[details.HISTORY] == f"{NOON:.0f}:1 {NOON + 600:.0f}:480 {NOON + 900:.0f}:490"


def test_a_warning_that_was_made_anew_keeps_in_its_history_when_it_was_first_told() -> None:
    (event,) = Watches(pod({})).see("events", counted(500, NOON + 600, NOON - 3 * 86_400))
    assert event.details[details.HISTORY] == f"{NOON - 3 * 86_400:.0f}:1 {NOON + 600:.0f}:500"
    assert event.timestamp == NOON


def test_a_warning_that_expired_has_no_history() -> None:
    watches = Watches(pod({}))
    watches.see("events", counted(480, NOON + 600))
    watches.see("events", counted(480, NOON + 600), "DELETED")
    (event,) = watches.see("events", counted(1, NOON + 900, NOON + 900))
    assert event.details[details.HISTORY] == f"{NOON + 900:.0f}:1"


def test_a_pod_is_of_what_its_replica_set_is_of() -> None:
    owner = {"kind": "Deployment", "name": "web", "uid": "d-1", "controller": True}
    replica_set = manifest("shop-5f7", uid="rs", labels=LABELS, ownerReferences=[owner]) | {"spec": {}}
    deployment = manifest("web", uid="d-1") | {"spec": {"template": {"metadata": {}}}, "status": {}}
    watches = Watches(
        pod({}, ownerReferences=[OWNER]), workloads={"replicasets": [replica_set], "deployments": [deployment]}
    )
    (event,) = watches.see("events", warning("Unhealthy", "Readiness probe failed"))
    assert event.object is not None
    assert (event.object.workload_kind, event.object.workload_name) == ("Deployment", "web")


def test_a_missing_pull_secret_is_known_as_long_as_the_event_that_told_it() -> None:
    watches = Watches(pod({}))
    told = warning(
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (regcred); attempting",
        metadata=made(AT) | {"uid": "of-secret"},
    )
    failed = warning("Failed", 'Failed to pull image "shop:2": not found')
    watches.see("events", told)
    watches.see("events", warning("FailedScheduling", "0/3 nodes are available"), "DELETED")
    (event,) = watches.see("events", failed)
    assert event.details[details.PULL_SECRET] == "regcred"
    watches.see("events", told, "DELETED")
    assert all(details.PULL_SECRET not in each.details for each in watches.see("events", failed | {"count": 9}))
