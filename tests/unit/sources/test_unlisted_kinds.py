"""A kind that cannot be listed, as after an upgrade without its new right: all others are told as before."""

import asyncio
import time
from typing import Any

import msgspec
import pytest

from noctuary.common.clock import format_time
from noctuary.common.metrics import Metrics
from noctuary.kube.client import KubeClient
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import MARKER_UID, RolloutTracker
from noctuary.sources.kubernetes.source import KubernetesSource
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.store.changes import DropBaseline, Mutation, SaveBaseline
from noctuary.store.queries import EventQuery
from noctuary.store.rows import Baseline
from testbed.polling import until
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.events import warning
from tests.unit.sources.cases.pods import pod
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.cases.stateful_sets import stateful_set
from tests.unit.sources.test_kinds import decode
from tests.unit.sources.watched_case import Manifest

DB = [stateful_set(1, replicas=3)]
DB_REVISIONS = [controller_revision(1, "db:1")]
SETS = [replica_set(1, "shop:1", 0), replica_set(2, "shop:2", 1)]


class Run:
    """One run of the receiver: its lists, and what it stored, which the next run begins with."""

    def __init__(self, before: "Run | None" = None) -> None:
        self.stored: dict[str, Baseline] = dict(before.stored) if before else {}
        self.events: list[ContextEvent] = []
        context = SinkContext(self, RolloutTracker(self, list(self.stored.values()), ROLLOUT_KINDS))
        self._sinks: dict[str, Any] = {each.name: each.make_sink(context) for each in WATCHED_KINDS}

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:  # noqa: ARG002 - all is stored
        """Store it at once."""
        self.events += events
        for change in changes:
            if isinstance(change, SaveBaseline):
                self.stored[change.baseline.uid] = change.baseline
            elif isinstance(change, DropBaseline):
                del self.stored[change.uid]

    def list(self, **listed: list[Manifest]) -> "Run":
        """Let the watches have these lists, by resource."""
        for name, objects in listed.items():
            kind = next(each for each in WATCHED_KINDS if each.name == name)
            self._sinks[name].on_list([decode(kind, obj) for obj in objects])
        return self

    def list_all_but_revisions(self, number: int = 1) -> "Run":
        """List everything but ControllerRevisions."""
        return self.list(deployments=[deployment(number)], replicasets=SETS[:number], statefulsets=DB, daemonsets=[])

    @property
    def workloads(self) -> set[str]:
        """The names of what is remembered."""
        return {each.name for each in self.stored.values() if each.kind}


def test_a_first_start_remembers_what_can_be_listed_and_tells_its_next_rollout() -> None:
    first = Run().list_all_but_revisions()
    again = Run(first).list_all_but_revisions(2)
    assert (first.events, first.workloads) == ([], {"shop"})
    assert [each.new_value for each in again.events] == ["shop:2"]


def test_a_start_without_the_right_forgets_nothing_of_what_it_cannot_list() -> None:
    whole = Run().list_all_but_revisions().list(controllerrevisions=DB_REVISIONS)
    assert Run(whole).list_all_but_revisions().workloads == whole.workloads == {"shop", "db"}


def test_what_is_listed_for_the_first_time_later_is_remembered_and_not_told() -> None:
    run = Run(Run().list_all_but_revisions()).list_all_but_revisions().list(controllerrevisions=DB_REVISIONS)
    assert (run.events, run.workloads) == ([], {"shop", "db"})


def test_a_rollout_that_was_missed_without_the_right_is_told_once_there_is_one() -> None:
    whole = Run().list_all_but_revisions().list(controllerrevisions=DB_REVISIONS)
    run = Run(whole).list_all_but_revisions()
    revisions = [*DB_REVISIONS, controller_revision(2, "db:2", minute=1)]
    run.list(statefulsets=[stateful_set(2, generation=2, replicas=3)], controllerrevisions=revisions)
    assert [each.new_value for each in run.events] == ["db:2"]


def test_a_marker_of_an_older_version_means_that_all_was_seen() -> None:
    whole = Run().list_all_but_revisions().list(controllerrevisions=DB_REVISIONS)
    assert whole.stored[MARKER_UID].state == b""


@pytest.mark.parametrize("state", [b"{}", b"[1]", b"\xff", b'["Deployment"'])
def test_a_marker_that_cannot_be_read_tells_rollouts_of_what_is_remembered_and_nothing_of_the_rest(
    state: bytes,
) -> None:
    first = Run().list_all_but_revisions()
    first.stored[MARKER_UID] = msgspec.structs.replace(first.stored[MARKER_UID], state=state)
    again = Run(first).list_all_but_revisions(2).list(controllerrevisions=DB_REVISIONS)
    assert [each.new_value for each in again.events] == ["shop:2"]
    assert again.workloads == {"shop", "db"}
    assert again.stored[MARKER_UID].state != state, "it can be read again"


def test_a_marker_that_cannot_be_read_where_all_is_remembered_stops_nothing() -> None:
    whole = Run().list_all_but_revisions().list(controllerrevisions=DB_REVISIONS)
    whole.stored[MARKER_UID] = msgspec.structs.replace(whole.stored[MARKER_UID], state=b"{}")
    again = Run(whole).list_all_but_revisions(2).list(controllerrevisions=DB_REVISIONS)
    assert [each.new_value for each in again.events] == ["shop:2"]


class Held:
    """A Lease that is ours for good."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def acquire(self) -> None:
        """Have it."""

    async def release(self) -> None:
        """Keep it."""


async def test_a_refused_watch_holds_up_neither_rollouts_nor_warnings(
    kube: KubeClient, listed: ListedObjects, scene: Any
) -> None:
    listed.refused.add("/apis/apps/v1/controllerrevisions")
    listed.by_path["/apis/apps/v1/deployments"] = [deployment(1)]
    listed.by_path["/apis/apps/v1/replicasets"] = SETS[:1]
    listed.by_path["/api/v1/events"] = [warning("FailedMount", "no secret", lastTimestamp=format_time(time.time() + 5))]
    metrics = Metrics()
    running = asyncio.create_task(KubernetesSource(kube, scene.store, metrics, Held).run())

    async def stored() -> bool:
        now = time.time()
        window = await scene.store.select(EventQuery(["shops"], None, 0, now + 60, now, 9, 9))
        return bool(window.events) and "shop" in {each.name for each in await scene.store.baselines()}

    await until("both are stored", stored, bool)
    age = metrics.registry.get_sample_value("noctuary_watch_age_seconds", {"resource": "controllerrevisions"})
    running.cancel()
    assert age is not None


async def test_revisions_that_are_refused_are_a_gap_beside_the_pods(kube: KubeClient, listed: ListedObjects) -> None:
    listed.refused.add("/apis/apps/v1/namespaces/shops/controllerrevisions")
    listed.by_path["/apis/apps/v1/namespaces/shops/statefulsets"] = DB
    listed.by_path["/api/v1/namespaces/shops/pods"] = [pod({}, name="db-0", uid="0", ownerReferences=[]) | {"spec": {}}]
    services = [ServiceView(name, Relation.OWN, "shops", ["shops"]) for name in ("db", "db-0")]
    view = await make_live_reader(kube, namespaces_s=20)(services)
    assert view is not None
    assert view.gaps == ["rollouts of StatefulSets, because the API server refuses to show ControllerRevisions"]
    assert ([each.name for each in view.pods], view.revisions) == (["db-0"], [])
