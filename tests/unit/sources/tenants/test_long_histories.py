"""What one change or one list costs where revisions name long histories: it is for all who share the event loop."""

from typing import Any

import pytest

from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.kinds.replica_sets import FOREIGN_REVISION_ANNOTATION, HISTORY_SUFFIX, MAX_HISTORY
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.differences import difference
from noctuary.sources.kubernetes.rollouts.revisions import MAX_STEPS, Revision, steps_to
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.store.rows import Baseline
from tests.unit.call_counts import calls_of
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import ROLLOUT, replica_set
from tests.unit.sources.test_kinds import FIRST_START, QueuedEvents, decode
from tests.unit.sources.watched_case import Manifest

SETS = 40
MANY_NUMBERS = range(1000, 1100)
LISTED_FIRST = sorted(ROLLOUT_KINDS - {"ReplicaSet"})


class Watched:
    """The sinks of what feeds rollouts, by kind."""

    def __init__(self, *baselines: Baseline) -> None:
        queue = QueuedEvents()
        context = SinkContext(queue, RolloutTracker(queue, list(baselines), ROLLOUT_KINDS))
        self._kinds = {each.kind.__name__: each for each in WATCHED_KINDS if each.feeds_rollouts}
        self._sinks: dict[str, Any] = {name: each.make_sink(context) for name, each in self._kinds.items()}

    def list(self, kind: str, *objects: Manifest) -> None:
        """Let a watch have its list."""
        self._sinks[kind].on_list([decode(self._kinds[kind], obj) for obj in objects])

    def change(self, kind: str, obj: Manifest) -> None:
        """Let a watch show a change."""
        self._sinks[kind].on_event("MODIFIED", decode(self._kinds[kind], obj))


def unmarked(number: int, owner: str = "r") -> Manifest:
    """Return a ReplicaSet of a made-up owner that had a hundred numbers, and tells by nothing which template it has."""
    obj = replica_set(0, f"shop:{number}", number % 60, owner=ROLLOUT | {"uid": owner, "name": owner})
    numbers = ",".join(str(each * SETS + number) for each in MANY_NUMBERS)
    obj["metadata"] |= {"labels": {}, "name": f"{owner}-{number}", "uid": f"{owner}-{number}"}
    obj["metadata"]["annotations"] = {
        FOREIGN_REVISION_ANNOTATION: "1",
        FOREIGN_REVISION_ANNOTATION + HISTORY_SUFFIX: numbers,
    }
    return obj


def wanted(owner: str = "r") -> Manifest:
    """Return the last one, which has all those numbers before it."""
    obj = replica_set(0, "shop:0", 0, owner=ROLLOUT | {"uid": owner, "name": owner})
    obj["metadata"] |= {"name": f"{owner}-0", "uid": f"{owner}-0"}
    obj["metadata"]["annotations"] = {
        FOREIGN_REVISION_ANNOTATION: "2",
        FOREIGN_REVISION_ANNOTATION + HISTORY_SUFFIX: "10000000",
    }
    return obj


def test_of_a_long_row_of_rollouts_the_last_ones_until_the_wanted_one_are_compared() -> None:
    flapping = [Revision(f"r{n}", 200 + n, f"h{n}", float(n), reused=True, template=b"") for n in range(3)]
    numbered = [
        Revision(each.name, each.number, each.template_hash, each.created_at, reused=True, template=b"", history=past)
        for each, past in zip(flapping, ([*range(n, 150, 3)] for n in range(3)), strict=True)
    ]
    steps = steps_to(numbered[1], numbered)
    assert [each.number for each in steps] == [*range(150 - MAX_STEPS + 2, 150), 200, 201]


def test_a_change_of_one_reads_its_template_and_compares_no_more_rollouts_than_are_told() -> None:
    watched = Watched(FIRST_START)
    for kind in LISTED_FIRST:
        watched.list(kind)
    watched.list("ReplicaSet", *(unmarked(number) for number in range(1, SETS)), wanted())
    watched.change("ReplicaSet", unmarked(4))
    with calls_of(TemplateSummary.likeness) as read, calls_of(Revision.is_same_as) as compared:
        watched.change("ReplicaSet", unmarked(5))
    assert len(read) == 1
    assert len(compared) <= 2 * MAX_STEPS < SETS * MAX_HISTORY


@pytest.mark.parametrize("order", [("ReplicaSet", *LISTED_FIRST), (*LISTED_FIRST, "ReplicaSet")], ids=["first", "last"])
@pytest.mark.parametrize("baselines", [[], [FIRST_START]], ids=["very first start", "next start"])
def test_each_workload_is_compared_once_while_all_kinds_are_listed(
    order: tuple[str, ...], baselines: list[Baseline]
) -> None:
    watched = Watched(*baselines)
    listed = [*(unmarked(number, name) for name in ("a", "b") for number in range(1, 5)), wanted("a"), wanted("b")]
    with calls_of(difference) as compared, calls_of(TemplateSummary.likeness) as read:
        for kind in order:
            watched.list(kind, *(listed if kind == "ReplicaSet" else []))
    assert len(compared) == 2
    assert len(read) <= len(listed)


@pytest.mark.parametrize(
    ("kind", "times"), [("Deployment", 1), ("ReplicaSet", 1), ("DaemonSet", 0), ("ControllerRevision", 0)]
)
def test_a_later_list_compares_only_what_it_can_have_changed(kind: str, times: int) -> None:
    watched, shown = Watched(), {"Deployment": [deployment(1)], "ReplicaSet": [replica_set(1, "shop:1", 0)]}
    for each in sorted(ROLLOUT_KINDS):
        watched.list(each, *shown.get(each, []))
    with calls_of(difference) as compared:
        watched.list(kind, *shown.get(kind, []))
    assert len(compared) == times
