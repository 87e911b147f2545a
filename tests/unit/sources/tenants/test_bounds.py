"""What is kept for as long as a watch goes on: bounded, whatever one tenant writes again and again."""

from typing import Any, cast

import msgspec
import pytest

from noctuary.common.metrics import Metrics
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.containers.objects import MAX_CONTAINERS, TARGET_CHARACTERS
from noctuary.sources.kubernetes.containers.pod_parts import MAX_CLAIMS
from noctuary.sources.kubernetes.draft import DETAIL_CHARACTERS
from noctuary.sources.kubernetes.identity import MAX_LABELS
from noctuary.sources.kubernetes.kinds.controller_revisions import ControllerRevision, view_controller_revision
from noctuary.sources.kubernetes.kinds.deployments import Deployment, view_deployment
from noctuary.sources.kubernetes.kinds.pods import Pod, identify_pod
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.reported import MAX_OF_OBJECT, ReportedEvents
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.sources.kubernetes.words.pull_secrets import PullSecrets
from noctuary.sources.kubernetes.writer import QUEUE_LIMIT, USUAL_BYTES, Writer
from noctuary.store.changes import DropBaseline, Mutation, SaveBaseline
from noctuary.store.interface import Store
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.events import ABOUT, warning
from tests.unit.sources.cases.pods import pod, running, waiting
from tests.unit.sources.cases.replica_sets import ROLLOUT, replica_set
from tests.unit.sources.test_event_facts import Watches
from tests.unit.sources.test_kinds import FIRST_START, QueuedEvents, decode
from tests.unit.sources.watched_case import Manifest

HUGE, MANY = 100_000, 1000
LABELS = {f"label-{number:04}": "x" for number in range(MANY)}
EVENTS = next(each for each in WATCHED_KINDS if each.name == "events")


def decoded(kind: type[Any], obj: Manifest) -> Any:
    return msgspec.json.decode(msgspec.json.encode(obj), type=kind)


def odd_event(number: int) -> ContextEvent:
    (event,) = Watches(pod({})).see("events", warning(f"Odd{number}", "no"))
    return event


class KnownBaselines(QueuedEvents):
    """Holds by uid which baselines would be stored."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: set[str] = set()

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:
        super().offer(events, changes, is_live=is_live)
        for change in changes:
            if isinstance(change, SaveBaseline):
                self.stored.add(change.baseline.uid)
            elif isinstance(change, DropBaseline):
                self.stored.discard(change.uid)


def test_of_a_replica_set_that_changes_hands_again_and_again_the_last_owner_is_known() -> None:
    queue = KnownBaselines()
    tracker = RolloutTracker(queue, [FIRST_START], ROLLOUT_KINDS)
    sinks: dict[str, Any] = {each.name: each.make_sink(SinkContext(queue, tracker)) for each in WATCHED_KINDS}
    for sink in sinks.values():
        sink.on_list([])
    replica_sets = next(each for each in WATCHED_KINDS if each.name == "replicasets")
    for number in range(20):
        owned = replica_set(1, "shop:1", 1, owner=ROLLOUT | {"uid": f"u{number}", "name": f"n{number}"})
        sinks["replicasets"].on_event("MODIFIED", decode(replica_sets, owned))
    assert [tracker.identify(("shops", f"u{number}")) is not None for number in (0, 18, 19)] == [False, False, True]
    assert {uid for uid in queue.stored if uid.startswith(("u", "foreign/"))} == {"foreign/shops/u19"}


def test_of_an_event_that_is_written_anew_with_ever_another_reason_the_last_are_remembered() -> None:
    reported, first = ReportedEvents(), odd_event(0)
    told = [msgspec.structs.replace(first, dedup_key=f"{number}") for number in range(2 * MAX_OF_OBJECT)]
    for event in told:
        reported.filter_new("e", [event])
    assert [len(reported.filter_new("e", [each])) for each in (told[-1], told[-MAX_OF_OBJECT], told[0])] == [0, 0, 1]


def test_of_an_object_with_more_events_at_once_all_are_remembered() -> None:
    reported, first = ReportedEvents(), odd_event(0)
    told = [msgspec.structs.replace(first, dedup_key=f"{number}") for number in range(3 * MAX_OF_OBJECT)]
    assert [len(reported.filter_new("p", told)) for _ in range(2)] == [len(told), 0]


def test_one_event_tells_of_the_missing_secrets_of_one_pod() -> None:
    missing, message = PullSecrets(), "some image pull secrets (regcred);"
    for number in range(20):
        about = ABOUT | {"uid": f"pod-{number}"}
        missing.note(decode(EVENTS, warning("FailedToRetrieveImagePullSecret", message, involvedObject=about)))
    assert (len(missing), missing.of_subject(decode(EVENTS, warning("Failed", "", involvedObject=about)))) == (
        1,
        "regcred",
    )


def test_of_a_pod_little_is_kept_whatever_it_holds() -> None:
    probe = {"livenessProbe": {"httpGet": {"path": "/" * HUGE}}}
    spec = {
        "containers": [{"name": f"c{number}"} | probe for number in range(MANY)],
        "volumes": [{"persistentVolumeClaim": {"claimName": f"v{number}"}} for number in range(MANY)],
    }
    obj = pod({}) | {"spec": spec}
    obj["metadata"]["labels"] = LABELS
    kept = identify_pod(decoded(Pod, obj))
    counts = len(kept.ref.labels), len(kept.probes), len(kept.roles) + 1, len(kept.claims)
    assert counts == (MAX_LABELS, MAX_CONTAINERS, MAX_CONTAINERS, MAX_CLAIMS)
    assert max(map(len, kept.probes.values())) == TARGET_CHARACTERS


def test_the_first_labels_of_a_workload_are_kept() -> None:
    obj = deployment(1)
    obj["spec"]["template"]["metadata"] = {"labels": LABELS}
    assert view_deployment(decoded(Deployment, obj)).labels == dict(list(LABELS.items())[:MAX_LABELS])


def test_a_label_that_is_longer_than_any_may_be_is_not_kept() -> None:
    obj = controller_revision(1, "db:1", kind="Foo", api="x/v1")
    obj["data"]["spec"]["template"]["metadata"] = {"labels": {"app": "db", "huge": "x" * HUGE}}
    owned = view_controller_revision(decoded(ControllerRevision, obj))
    assert owned is not None
    assert owned.owner is not None
    assert owned.owner.labels == {"app": "db"}


def test_no_value_of_an_event_is_longer_than_is_read() -> None:
    crashed = pod(running(waiting("ImagePullBackOff")))
    crashed["spec"] = {"containers": [{"name": "app", "image": "i" * HUGE}]}
    (event,) = Watches().see("pods", crashed)
    assert max(map(len, event.details.values())) == DETAIL_CHARACTERS


@pytest.mark.parametrize(("characters", "fit"), [(0, QUEUE_LIMIT), (10 * USUAL_BYTES, QUEUE_LIMIT // 11)])
def test_of_large_events_fewer_may_wait_for_the_store(characters: int, fit: int) -> None:
    writer = Writer(cast("Store", None), Metrics())
    event = msgspec.structs.replace(odd_event(0), details={"image": "i" * characters}, object=None)
    for _ in range(fit):
        writer.offer([event], [], is_live=True)
    assert not writer.overflowed.is_set()
    writer.offer([event], [], is_live=True)
    assert writer.overflowed.is_set()
