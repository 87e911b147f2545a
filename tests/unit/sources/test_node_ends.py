"""What the watch of nodes tells of a node that is missing, or well again, when all are listed anew."""

from types import SimpleNamespace

import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.clock import parse_time
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds import nodes
from noctuary.sources.kubernetes.kinds.nodes import Node, NodeSink
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.store.changes import Mutation
from tests.unit.sources.cases.nodes import LATER, TAINT, cordoned, node
from tests.unit.sources.watched_case import AT, Manifest

BEGAN = parse_time(AT)


class Offers:
    """Holds what was offered, call by call, where that was anything."""

    def __init__(self) -> None:
        self.made: list[list[ContextEvent]] = []

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:  # noqa: ARG002
        self.made += [events] if events else []


def told_of(*lists: list[Manifest]) -> list[list[str]]:
    """Return by offer what it tells of each trouble: `gone`, `ended`, or an empty word where it goes on."""
    return [[_word(event) for event in events] for events in offered(*lists)]


def offered(*lists: list[Manifest]) -> list[list[ContextEvent]]:
    """Return what is offered of each list."""
    queue = Offers()
    sink = NodeSink(SinkContext(queue, RolloutTracker(queue, [], ROLLOUT_KINDS)))
    for each in lists:
        sink.on_list([msgspec.json.decode(msgspec.json.encode(raw), type=Node) for raw in each])
    return queue.made


def _word(event: ContextEvent) -> str:
    return next((name for name in (details.GONE, details.ENDED) if name in event.details), "")


def test_a_node_in_trouble_that_is_listed_no_more_is_gone_once() -> None:
    assert told_of([node("Ready", "False")], [], []) == [[""], ["gone"]]


def test_a_node_that_is_listed_as_well_again_is_over_its_trouble_once() -> None:
    well = [node("Ready", "True", LATER)]
    assert told_of([node("Ready", "False")], well, well) == [[""], ["ended"]]


def test_a_node_that_is_listed_as_it_was_tells_nothing_more() -> None:
    assert told_of([node("Ready", "False")], [node("Ready", "False")]) == [[""]]


def test_a_cordon_that_is_seen_to_come_is_not_as_old_as_the_node_and_is_told_once_while_nothing_dates_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([BEGAN + 600.4, BEGAN + 900.0])
    monkeypatch.setattr(nodes, "clock", SimpleNamespace(now=lambda: next(moments)))
    ((event,),) = offered([node("Ready", "True")], [cordoned()], [cordoned()])
    assert (event.new_value, event.timestamp, _word(event)) == ("NodeUnschedulable", BEGAN + 600, "")


def test_a_cordon_is_told_once_where_its_taint_comes_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: parse_time(LATER) + 0.4)
    tainted = cordoned() | {"spec": {"unschedulable": True, "taints": [TAINT]}}
    ((event,),) = offered([node("Ready", "True")], [cordoned()], [tainted])
    assert event.timestamp == parse_time(LATER)
