"""What is known of watched objects: over restarts, at the first list, and where it changes all the time."""

import msgspec
import pytest

from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.changes.states import KEY_UID, ObjectStates
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.store.changes import DropBaseline, Mutation, SaveBaseline
from noctuary.store.rows import Baseline
from tests.unit.sources.watched_case import Manifest, manifest

CANARY = "hunter2-is-a-canary-7f3a9c"


class Session:
    """The sink of ConfigMaps over what an earlier session stored."""

    def __init__(self, stored: dict[str, Baseline] | None = None, resource: str = "configmaps") -> None:
        self.stored = stored if stored is not None else {}
        self.events: list[ContextEvent] = []
        baselines = list(self.stored.values())
        tracker = RolloutTracker(self, baselines, ROLLOUT_KINDS)
        self._kind = next(each for each in WATCHED_KINDS if each.resource == resource)
        self._sink = self._kind.make_sink(SinkContext(self, tracker, objects=ObjectStates(baselines)))

    def is_sound(self) -> bool:
        return all(not each.state or msgspec.json.decode(each.state) is not None for each in self.stored.values())

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:  # noqa: ARG002
        self.events += events
        for change in changes:
            if isinstance(change, SaveBaseline):
                self.stored[change.baseline.uid] = change.baseline
            elif isinstance(change, DropBaseline):
                self.stored.pop(change.uid, None)

    def listed(self, *objects: Manifest) -> list[str]:
        self._sink.on_list([self._decoded(each) for each in objects])
        return self.told()

    def seen(self, obj: Manifest, change: ChangeType = "MODIFIED") -> list[str]:
        self._sink.on_event(change, self._decoded(obj))
        return self.told()

    def told(self) -> list[str]:
        told = [f"{each.details[details.FATE]} {each.details.get(details.CHANGED, '')}".strip() for each in self.events]
        self.events.clear()
        return told

    def _decoded(self, obj: Manifest) -> object:
        return msgspec.json.decode(msgspec.json.encode(obj), type=self._kind.kind)


def settings(value: str, name: str = "settings", **metadata: object) -> Manifest:
    return manifest(name, **metadata) | {"data": {"app.yaml": value}}


def test_the_first_list_is_a_baseline_and_what_changes_while_nobody_watches_is_told_at_the_next_start() -> None:
    first = Session()
    assert first.listed(settings("a\n"), settings("b\n", "gone")) == []
    assert first.is_sound()
    assert Session(first.stored).listed(settings("c\n")) == ["deleted", "changed key app.yaml"]
    assert Session(first.stored).listed(settings("c\n")) == []


def test_what_is_deleted_and_made_anew_is_told_as_created() -> None:
    session = Session()
    session.listed(settings("a\n"))
    assert session.seen(settings("a\n"), "DELETED") == ["deleted"]
    assert session.seen(settings("a\n"), "ADDED") == ["created"]


def test_what_changes_all_the_time_is_told_six_times_an_hour() -> None:
    session = Session()
    session.listed(settings("0\n"))
    assert sum(len(session.seen(settings(f"{number}\n"))) for number in range(1, 30)) == 6


def test_a_row_without_its_key_or_with_damage_is_read_as_for_the_first_time() -> None:
    session = Session()
    session.listed(settings("a\n"))
    damaged = {uid: msgspec.structs.replace(each, state=b"{") if uid.startswith("object/") else each
               for uid, each in session.stored.items()}  # fmt: skip
    without_key = {uid: each for uid, each in session.stored.items() if uid != KEY_UID}
    assert [Session(rows).listed(settings("b\n")) for rows in (damaged, without_key)] == [[], []]


@pytest.mark.parametrize("place", ["value", "annotation", "label-like annotation", "binary"])
def test_no_canary_secret_reaches_an_event_or_a_baseline(place: str) -> None:
    session = Session()
    before, after = (settings("x\n"), settings("x\n"))
    if place == "value":
        before["data"]["PASSWORD"], after["data"]["PASSWORD"] = CANARY, f"{CANARY}-2"
    elif place == "binary":
        before["binaryData"], after["binaryData"] = {"k": CANARY}, {"k": f"{CANARY}2"}
    else:
        before["metadata"]["annotations"], after["metadata"]["annotations"] = {"a/b": CANARY}, {"a/b": f"{CANARY}2"}
    session.listed(before)
    session._sink.on_event("MODIFIED", session._decoded(after))
    kept = [msgspec.json.encode(session.events), *(each.state for each in session.stored.values())]
    assert not any(CANARY.encode() in each for each in kept)
