"""A uid is no secret: what one namespace says of another one's uids reaches nothing there."""

import msgspec
import pytest

from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.replica_sets import ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.rollouts.differences import WorkloadState
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision
from noctuary.store.changes import DropBaseline, Mutation, SaveBaseline
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.events import ABOUT, warning
from tests.unit.sources.cases.pods import OWNER, pod
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.test_event_facts import Watches
from tests.unit.sources.test_kinds import FIRST_START, QueuedEvents
from tests.unit.sources.watched_case import Manifest

EVIL_METADATA = {"name": "e", "namespace": "evil", "uid": "evil-event"}
OTHER_NUMBER = "rollout.argoproj.io/revision"


def evil_warning(reason: str, message: str, **about: object) -> Manifest:
    subject = ABOUT | {"namespace": "evil"} | about
    return warning(reason, message, involvedObject=subject, metadata=EVIL_METADATA)


def evil_set(number: int, image: str, *, kind: str = "Deployment", name: str = "shop") -> Manifest:
    """Return a ReplicaSet of namespace evil that names the uid of shop, in namespace shops, as its owner's."""
    obj = replica_set(number, image, 2, owner={"kind": kind, "name": name, "uid": "d", "controller": True})
    obj["metadata"] |= {"namespace": "evil", "uid": f"evil-{image}", "name": f"evil-{number}"}
    obj["metadata"]["annotations"][OTHER_NUMBER] = str(number)
    return obj


def shop_watches() -> Watches:
    return Watches(pod({}), workloads={"deployments": [deployment(1)], "replicasets": [replica_set(1, "shop:1", 0)]})


@pytest.mark.parametrize("about", [{}, {"name": "whatever"}, {"kind": "ReplicaSet", "uid": OWNER["uid"]}, {"uid": "d"}])
def test_an_event_of_another_namespace_is_none_of_the_pod_whose_uid_it_names(about: Manifest) -> None:
    events = shop_watches().see("events", evil_warning("BackOff", "Back-off restarting failed container", **about))
    assert {(each.tenant, each.object.namespace if each.object else "") for each in events} == {("evil", "evil")}
    assert [each.service_name for each in events] == [about.get("name", ABOUT["name"])]


def test_a_pod_is_named_by_uid_and_name() -> None:
    stranger = warning("BackOff", "Back-off restarting failed container", involvedObject=ABOUT | {"name": "other"})
    (event,) = shop_watches().see("events", stranger)
    assert event.service_name == "other"


def test_a_pull_secret_that_another_namespace_names_is_not_the_missing_one() -> None:
    watches = shop_watches()
    watches.see("events", evil_warning("FailedToRetrieveImagePullSecret", "some image pull secrets (forged);"))
    (event,) = watches.see("events", warning("Failed", 'Failed to pull image "a/b:1": 401 Unauthorized'))
    assert details.PULL_SECRET not in event.details


@pytest.mark.parametrize(
    "evil",
    [
        evil_set(2, "shop:1"),
        evil_set(2, "innocent:7"),
        evil_set(7, "x:7", kind="Rollout"),
        evil_set(7, "x:7", kind="Rollout", name="other"),
    ],
    ids=["same template", "other template", "other kind", "other kind and name"],
)
def test_a_rollout_is_told_as_it_was_whatever_another_namespace_holds(evil: Manifest) -> None:
    watches = shop_watches()
    own = watches.see("replicasets", evil, "ADDED")
    assert all((each.tenant, each.old_value) == ("evil", None) for each in own)
    told = [*watches.see("deployments", deployment(2, image="bad:2"))]
    told += watches.see("replicasets", replica_set(2, "bad:2", 3), "ADDED")
    assert [(each.tenant, each.old_value, each.new_value) for each in told] == [("shops", "shop:1", "bad:2")]


def test_what_a_kind_that_is_not_read_shows_never_replaces_what_is_read() -> None:
    watches = shop_watches()
    near = evil_set(7, "x:7", kind="Rollout", name="other")
    near["metadata"]["namespace"] = "shops"
    watches.see("replicasets", near, "ADDED")
    (event,) = watches.see("events", warning("FailedCreate", "no", involvedObject=ABOUT | {"kind": "D", "uid": "d"}))
    assert event.object is not None
    assert (event.object.kind, event.service_name) == ("Deployment", "shop")


class StoredUids:
    """Holds under which uids the store would be told to remember and to forget."""

    def __init__(self) -> None:
        self.saved: set[str] = set()
        self.dropped: set[str] = set()

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:  # noqa: ARG002 - only what is stored counts here
        self.saved |= {each.baseline.uid for each in changes if isinstance(each, SaveBaseline)}
        self.dropped |= {each.uid for each in changes if isinstance(each, DropBaseline)}


def owned(obj: Manifest) -> OwnedRevision:
    found = view_replica_set(msgspec.json.decode(msgspec.json.encode(obj), type=ReplicaSet))
    assert found is not None
    return found


def test_what_is_stored_of_a_workload_is_neither_replaced_nor_dropped_by_another_namespace() -> None:
    stored = StoredUids()
    tracker = RolloutTracker(stored, [FIRST_START], [])
    evil = owned(evil_set(7, "x:7", kind="Rollout"))
    tracker.update_revision("ReplicaSet", evil)
    tracker.remove_revision(evil.key)
    assert stored.saved == stored.dropped == {"foreign/evil/d"}


def test_a_workload_that_only_its_revisions_show_is_known_again_after_a_restart() -> None:
    first, second = (owned(evil_set(number, f"x:{number}", kind="Rollout")) for number in (1, 2))
    known = WorkloadState(first.revision, first.revision.created_at)
    state = msgspec.structs.replace(
        FIRST_START, uid="foreign/evil/d", namespace="evil", state=msgspec.json.encode(known)
    )
    queue = QueuedEvents()
    RolloutTracker(queue, [FIRST_START, state], []).reset_revisions("ReplicaSet", [first, second])
    assert [(each.old_value, each.new_value) for each in queue.events] == [("x:1", "x:2")]


def test_a_workload_whose_baseline_cannot_be_read_is_seen_as_for_the_first_time() -> None:
    first, second = (owned(evil_set(number, f"x:{number}", kind="Rollout")) for number in (1, 2))
    damaged = msgspec.structs.replace(FIRST_START, uid="foreign/evil/d", namespace="evil", state=b"[1]")
    stored = StoredUids()
    RolloutTracker(stored, [FIRST_START, damaged], []).reset_revisions("ReplicaSet", [first, second])
    assert stored.saved == {"foreign/evil/d"}
