"""When rollouts were decided and by whom, as raw objects show it."""

from typing import Any

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.controller_revisions import ControllerRevision, view_controller_revision
from noctuary.sources.kubernetes.kinds.deployments import Deployment, view_deployment
from noctuary.sources.kubernetes.kinds.replica_sets import ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.kinds.stateful_sets import StatefulSet, view_stateful_set
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import (
    Difference,
    WorkloadState,
    baseline,
    difference,
    recent_rollouts,
)
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import ANNOTATION, replica_set
from tests.unit.sources.cases.stateful_sets import stateful_set
from tests.unit.sources.watched_case import Manifest

NOW = parse_time("2026-11-21T12:00:00Z")
LISTED, LIVE = Clock(NOW, is_live=False), Clock(NOW, is_live=True)


def at(minute: int) -> str:
    return f"2026-11-21T10:{minute:02}:00Z"


def wrote(manager: str, minute: int, field: str = "f:template") -> Manifest:
    return {"manager": manager, "time": at(minute), "fieldsV1": {"f:spec": {field: {}}}}


def decoded(obj: Manifest, kind: type[Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(obj), type=kind)


def view(number: int, *writes: Manifest, progressed: int = 0) -> WorkloadView:
    obj = deployment(number)
    obj["metadata"]["managedFields"] = list(writes)
    obj["status"] = {"conditions": [{"type": "Progressing", "lastUpdateTime": at(progressed)}]} if progressed else {}
    return view_deployment(decoded(obj, Deployment))


def held(number: int, image: str, minute: int, past: str = "", numbered: int = 0) -> Revision:
    obj = replica_set(number, image, minute)
    if past:
        obj["metadata"]["annotations"][f"{ANNOTATION}-history"] = past
    if numbered:
        fields: Manifest = {"f:metadata": {"f:annotations": {f"f:{ANNOTATION}": {}}}}
        obj["metadata"]["managedFields"] = [{"manager": "c", "time": at(numbered), "fieldsV1": fields}]
    owned = view_replica_set(decoded(obj, ReplicaSet))
    assert owned is not None
    return owned.revision


def told(events: list[ContextEvent]) -> list[tuple[str, str | None, str | None, float, str | None]]:
    return [(e.details[details.REVISION], e.old_value, e.new_value, e.timestamp, e.actor) for e in events]


UNDONE = [held(3, "a", 0, past="1", numbered=40), held(2, "b", 20)]
BAD = wrote("ci", 20)


@pytest.mark.parametrize(
    ("shown", "minute", "actor"),
    [
        (view(3, BAD, wrote("kubectl", 39)), 39, "kubectl"),
        (view(3, BAD), 40, None),
        (view(3), 40, None),
        (view(3, BAD, progressed=38), 38, None),
        (view(3, BAD, progressed=15), 40, None),
        (view(3, BAD, wrote("kubectl", 55)), 40, "kubectl"),
    ],
    ids=["written", "only removed", "nothing known", "progressed", "progressed before", "written again since"],
)
def test_a_rollback_is_not_older_than_what_it_replaces(shown: WorkloadView, minute: int, actor: str | None) -> None:
    first, bad, back = told(recent_rollouts(shown, UNDONE, 0.0, LISTED))
    assert (first[:3], bad[:3]) == (("1", None, "a"), ("2", "a", "b"))
    assert back == ("3", "b", "a", parse_time(at(minute)), actor)


def test_a_rollback_that_is_seen_as_it_happens_is_of_now_where_nothing_else_dates_it() -> None:
    known = baseline(view(2, BAD), [held(1, "a", 0), held(2, "b", 20)], LISTED)
    found = difference(view(3, BAD, progressed=21), [held(3, "a", 0, past="1"), held(2, "b", 20)], known, LIVE)
    assert found is not None
    assert told(found.events) == [("3", "b", "a", NOW, None)]


def test_a_rollback_that_nothing_dates_is_of_when_its_predecessor_began() -> None:
    back = recent_rollouts(view(3, BAD), [held(3, "a", 0, past="1"), held(2, "b", 20)], 0.0, LISTED)[-1]
    assert back.timestamp == parse_time(at(20))


def test_the_same_bad_version_a_second_time_is_a_rollout_of_its_own() -> None:
    revisions = [held(3, "a", 0, past="1"), held(4, "b", 20, past="2", numbered=50)]
    found = recent_rollouts(view(4, wrote("ci", 50)), revisions, 0.0, LISTED)
    assert [(e.details[details.REVISION], e.new_value) for e in found] == [("1", "a"), ("2", "b"), ("4", "b")]
    assert found[-1].details[details.PREVIOUS_REVISION] == "3"
    assert details.PREVIOUS_ROLLED_OUT_AT not in found[-1].details


def test_a_new_revision_is_not_of_who_wrote_the_one_before() -> None:
    removed = recent_rollouts(view(2, wrote("ci", 0)), [held(1, "a", 0), held(2, "b", 20)], 0.0, LISTED)
    assert [e.actor for e in removed] == ["ci", None]


def changed(known: WorkloadState | None, number: int, revisions: list[Manifest], **more: int) -> Difference:
    """Compare StatefulSet db, whose second template is wanted, with what is known."""
    owned = [view_controller_revision(decoded(each, ControllerRevision)) for each in revisions]
    shown = view_stateful_set(decoded(stateful_set(number, replicas=3, **more), StatefulSet))
    found = difference(shown, [each.revision for each in owned if each is not None], known, LIVE)
    assert found is not None
    return found


ONE, TWO = (controller_revision(number, f"db:{number}", minute=number) for number in (1, 2))
FIRST = changed(None, 1, [ONE]).state


@pytest.mark.parametrize(
    ("partition", "event_type", "staged"),
    [
        (0, "deploy", None),
        (1, "deploy", "2 of 3 pods; partition=1"),
        (3, "config_change", "0 of 3 pods; partition=3"),
        (9, "config_change", "0 of 3 pods; partition=9"),
    ],
)
def test_a_partition_tells_how_many_pods_get_a_change(partition: int, event_type: str, staged: str | None) -> None:
    (event,) = changed(FIRST, 2, [ONE, TWO], generation=2, partition=partition, current=1).events
    assert (event.event_type, event.details.get(details.STAGED)) == (event_type, staged)
    assert (event.details[details.CHANGED], event.details[details.PREVIOUS_TEMPLATE_HASH]) == ("image", "db-db:1")


def test_each_lowering_of_a_partition_is_told_and_no_raising() -> None:
    state, seen = FIRST, []
    for generation, partition in enumerate((3, 2, 3, 2, 0, 1), 2):
        found = changed(state, 2, [ONE, TWO], generation=generation, partition=partition, current=1)
        state = found.state
        seen.append([e.details.get(details.STAGED, "all") for e in found.events])
    assert seen == [
        ["0 of 3 pods; partition=3"],
        ["1 of 3 pods; partition=2"],
        [],
        ["1 of 3 pods; partition=2"],
        ["all"],
        [],
    ]


def test_a_staged_change_that_is_withdrawn_was_no_rollback() -> None:
    staged = changed(FIRST, 2, [ONE, TWO], generation=2, partition=3, current=1).state
    back = controller_revision(3, "db:1", minute=1)
    (event,) = changed(staged, 1, [back, TWO], generation=3, partition=3).events
    assert event.event_type == "config_change"
    assert event.details[details.STAGED] == "0 of 3 pods; no pod had run the other template"


def test_what_an_older_version_kept_of_a_workload_is_no_rollout_after_an_upgrade() -> None:
    old = msgspec.structs.replace(FIRST.revision, name="1", number=0, template_hash="")
    for kept in (old, msgspec.structs.replace(old, template_hash="db-db:1")):
        known = msgspec.structs.replace(FIRST, revision=kept)
        assert changed(known, 1, [ONE]).events == []
        assert [e.new_value for e in changed(known, 2, [ONE, TWO], generation=2).events] == ["db:2"]
