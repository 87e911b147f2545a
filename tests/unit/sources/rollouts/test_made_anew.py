"""A workload that is deleted and made anew under its name: what it runs then is no first rollout."""

from typing import Any

import pytest

from noctuary.common import clock
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import OWNER, replica_set
from tests.unit.sources.test_kinds import FIRST_START, QueuedEvents, decode
from tests.unit.sources.watched_case import Manifest

DAY, LATER = 0, 3
MINUTE_S = 60.0
KINDS = {each.name: each for each in WATCHED_KINDS}


class Cluster:
    """The watches of a cluster that was listed, and what they tell since."""

    def __init__(self) -> None:
        self.queue = QueuedEvents()
        context = SinkContext(self.queue, RolloutTracker(self.queue, [FIRST_START], ROLLOUT_KINDS))
        self._sinks: dict[str, Any] = {name: kind.make_sink(context) for name, kind in KINDS.items()}
        for name in KINDS:
            self.reset(name)
        self.see("replicasets", replica_set(1, "shop:1", DAY), "ADDED")
        self.see("deployments", deployment(1), "ADDED")
        self.queue.events.clear()

    def reset(self, name: str, *objects: Manifest) -> None:
        self._sinks[name].on_list([decode(KINDS[name], obj) for obj in objects])

    def see(self, name: str, obj: Manifest, change: str) -> None:
        self._sinks[name].on_event(change, decode(KINDS[name], obj))

    def told(self, event_type: str) -> list[ContextEvent]:
        return [event for event in self.queue.events if event.event_type == event_type]


def made_anew(image: str) -> tuple[Manifest, Manifest]:
    """Return the ReplicaSet and the Deployment of the same name, under another uid."""
    later = deployment(1)
    later["metadata"]["uid"] = "d2"
    held = replica_set(1, image, LATER, owner=OWNER | {"uid": "d2"})
    held["metadata"]["uid"] = "another"
    return held, later


@pytest.mark.parametrize(
    ("image", "restart"), [("shop:2", None), ("shop:1", "1")], ids=["another version", "the same template"]
)
@pytest.mark.parametrize("is_seen", [True, False], ids=["while it is watched", "between two lists"])
def test_what_is_made_anew_follows_what_ran_under_its_name(image: str, restart: str | None, *, is_seen: bool) -> None:
    cluster = Cluster()
    if is_seen:
        cluster.see("deployments", deployment(1), "DELETED")
    held, later = made_anew(image)
    cluster.reset("replicasets", held)
    cluster.reset("deployments", later)
    (told,) = cluster.told("deploy")
    facts = [told.details.get(name) for name in (details.PREVIOUS_IMAGE, details.RESTART, details.READS_NOTHING)]
    assert (told.old_value, told.new_value, facts) == ("shop:1", image, ["shop:1", restart, restart])
    assert details.CHANGED not in told.details
    assert len(cluster.told("scale_event")) == is_seen


def test_a_deletion_is_dated_by_when_it_was_asked_for() -> None:
    cluster, gone = Cluster(), deployment(1)
    gone["metadata"]["deletionTimestamp"] = "2026-11-21T10:04:00Z"
    cluster.see("deployments", gone, "DELETED")
    (told,) = cluster.told("scale_event")
    assert told.timestamp == decode(KINDS["deployments"], gone).metadata.deletion_timestamp.timestamp()


def told_of_deletion(cluster: Cluster, replicas: int) -> list[tuple[str | None, str | None]]:
    cluster.queue.events.clear()
    cluster.see("deployments", deployment(1, replicas), "DELETED")
    return [(each.old_value, each.details.get(details.DELETED)) for each in cluster.told("scale_event")]


@pytest.mark.parametrize(
    ("later_s", "told"),
    [(0.0, [("3", "1")]), (59 * MINUTE_S, [("3", "1")]), (61 * MINUTE_S, [])],
    ids=["at once", "within the hour", "later"],
)
def test_the_deletion_of_what_was_scaled_to_nothing_tells_what_it_had(
    later_s: float, told: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, began = Cluster(), clock.now()
    for replicas in (3, 0):
        cluster.see("deployments", deployment(1, replicas), "MODIFIED")
    monkeypatch.setattr(clock, "now", lambda: began + later_s)
    cluster.see("deployments", deployment(1, 0) | {"status": {"observedGeneration": 10}}, "MODIFIED")
    assert told_of_deletion(cluster, 0) == told


def test_of_what_was_scaled_up_again_the_deletion_tells_what_it_has() -> None:
    cluster = Cluster()
    for replicas in (3, 0, 2):
        cluster.see("deployments", deployment(1, replicas), "MODIFIED")
    assert told_of_deletion(cluster, 2) == [("2", "1")]


def test_the_deletion_of_what_never_had_replicas_is_not_told() -> None:
    cluster = Cluster()
    cluster.see("deployments", deployment(1), "DELETED")
    cluster.see("deployments", deployment(1, 0), "ADDED")
    assert told_of_deletion(cluster, 0) == []
