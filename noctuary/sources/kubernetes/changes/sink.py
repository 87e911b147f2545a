"""Compares the objects of a watch with what is known of them, and tells what changed."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from noctuary.common import clock
from noctuary.kube.objects import seconds
from noctuary.kube.odd import each_understood
from noctuary.kube.reflector import ChangeType
from noctuary.models.context_event import ContextEvent, ObjectRef
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Facts, sealed
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.states import ObjectState, ObjectStates, Place
from noctuary.sources.kubernetes.changes.told import ObjectChange
from noctuary.sources.kubernetes.rollouts.ownership import Tool
from noctuary.sources.kubernetes.watched_kind import SinkContext, WatchedKind
from noctuary.store.changes import Mutation

WRITE_SLACK_S = 120.0
"""A line of a watch comes within seconds of its write; where the last known write is older, another one made it."""
MAX_GONE = 1000
"""Deleted objects of a kind whose state is remembered: what is made anew under the same name is compared with it."""
MAX_TOLD_AN_HOUR = 6
"""Changes of one object that are told: what is written all the time is somebody's scratch pad, or a leader's claim."""
HOUR_S = 3600.0
KNOWN_S = 24 * HOUR_S
"""At the very first list the writes of so long are told, by their dates: no lookback is longer."""
MADE_S = 60.0
"""What is written within this after it was made belongs to its making."""

T = TypeVar("T", bound=ChangedObject)


class ChangeKind(NamedTuple, Generic[T]):
    """What is told of a kind of object: pure functions of one object."""

    facts: Callable[[T], Facts]
    reach: Callable[[T], Reach]
    is_noise: Callable[[T], bool] = lambda _obj: False
    """Whether an object is none that people change: it is not kept."""
    restricts: bool = False
    """Whether a new one takes something from pods that ran before: it is told by the very first list, too."""
    tells_creation: bool = True
    """Whether a new one may be why something fails; of others only the return is told, once they were deleted."""
    reach_now: Callable[[ObjectStates, Place, Reach], Reach] = lambda _states, _place, reach: reach
    """Adds to the reach what other objects of the namespace tell, when something is to be told."""


def watch_changes(
    api: str, resource: str, kind: type[T], told: ChangeKind[T], *, may_be_absent: bool = False
) -> WatchedKind[T]:
    """Return the entry of a kind that is watched for its changes."""
    return WatchedKind(
        api=api,
        resource=resource,
        kind=kind,
        make_sink=lambda context: ChangeSink(context, resource, kind.__name__, told),
        is_optional=True,
        may_be_absent=may_be_absent,
    )


class ChangeSink(Generic[T]):
    """Tells the changes of one kind of object."""

    def __init__(self, context: SinkContext, resource: str, kind: str, told: ChangeKind[T]) -> None:
        self._queue, self._states = context.queue, context.objects
        self._resource, self._kind, self._told = resource, kind, told
        self._gone: OrderedDict[Place, ObjectState] = OrderedDict()
        self._told_at: dict[Place, list[float]] = {}

    def on_list(self, objects: list[T]) -> None:
        """Handle the complete list: the very first one is only remembered."""
        now = clock.now()
        kept = [each for each in objects if not self._told.is_noise(each)]
        listed = {_place(each) for each in kept}
        known = self._states.places(self._resource)
        if self._states.has_begun(self._resource):
            for place in sorted(known - listed):
                self._remove(place, None, is_live=False)
            for _ in each_understood(kept, lambda each: self._compare(each, is_live=False)):
                pass
            return
        for place in known - listed:
            self._states.drop(self._resource, place)
        found = [event for event in each_understood(kept, lambda each: self._first(each, now)) if event is not None]
        saved = self._states.saving(self._resource, sorted(known | listed), now)
        self._queue.offer(found, [*saved, *self._states.beginning(self._resource, now)], is_live=False)

    def on_event(self, change: ChangeType, obj: T) -> None:
        """Handle one change."""
        if self._told.is_noise(obj):
            self._forget(_place(obj))
        elif change == "DELETED":
            self._remove(_place(obj), obj, is_live=True)
        else:
            self._compare(obj, is_live=True)

    def _first(self, obj: T, now: float) -> ContextEvent | None:
        """Remember an object that was never seen; return its last write where that is young, and not its making."""
        state, write, made_at = self._state(obj), obj.write, seconds(obj.metadata.creation_timestamp)
        self._states.keep(self._resource, _place(obj), state)
        if write.at > max(made_at + MADE_S, now - KNOWN_S):
            return self._change(obj, write.at, state, state, state.reach, write.manager, "").event()
        if self._told.restricts and made_at > now - KNOWN_S:
            return self._change(obj, made_at, None, state, state.reach, write.manager, "").event()
        return None

    def _state(self, obj: T) -> ObjectState:
        namespace, name = _place(obj)
        facts = sealed(self._told.facts(obj), self._states.key, f"{self._resource}/{namespace}/{name}")
        return ObjectState(facts, self._told.reach(obj))

    def _compare(self, obj: T, *, is_live: bool) -> None:
        place, state = _place(obj), self._state(obj)
        known = self._states.of(self._resource, place)
        if known == state:
            return
        self._states.keep(self._resource, place, state)
        gone = self._gone.pop(place, None)
        if known is not None and known.facts == state.facts:
            self._tell(None, place, is_live=is_live)
        elif known is not None:
            at, actor, version = _written(obj, is_live=is_live)
            reach = known.reach.with_other(state.reach)
            self._tell(self._change(obj, at, known, state, reach, actor, version), place, is_live=is_live)
        elif gone is not None or self._told.tells_creation:
            made_at = seconds(obj.metadata.creation_timestamp) or clock.now()
            reach = gone.reach.with_other(state.reach) if gone is not None else state.reach
            actor = obj.write.manager
            self._tell(self._change(obj, made_at, None, state, reach, actor, ""), place, is_live=is_live)
        else:
            self._tell(None, place, is_live=is_live)

    def _change(
        self, obj: T, at: float, before: ObjectState | None, after: ObjectState, reach: Reach, actor: str, version: str
    ) -> ObjectChange:
        ref = self._ref(_place(obj), obj.metadata.uid)
        return ObjectChange(ref, at, before, after, self._reach_now(_place(obj), reach), actor, obj.tool, version)

    def _remove(self, place: Place, obj: T | None, *, is_live: bool) -> None:
        known = self._states.of(self._resource, place)
        if known is None:
            return
        self._states.drop(self._resource, place)
        self._gone[place] = known
        while len(self._gone) > MAX_GONE:
            self._gone.popitem(last=False)
        now = clock.now()
        asked_at = seconds(obj.metadata.deletion_timestamp) if obj is not None else 0.0
        ref = self._ref(place, obj.metadata.uid if obj is not None else "")
        at, reach = min(asked_at or now, now), self._reach_now(place, known.reach)
        tool = obj.tool if obj is not None else Tool()
        self._tell(ObjectChange(ref, at, known, None, reach, tool=tool), place, is_live=is_live)

    def _forget(self, place: Place) -> None:
        if self._states.of(self._resource, place) is not None:
            self._states.drop(self._resource, place)
            self._tell(None, place, is_live=True)

    def _reach_now(self, place: Place, reach: Reach) -> Reach:
        return self._told.reach_now(self._states, place, reach)

    def _tell(self, change: ObjectChange | None, place: Place, *, is_live: bool) -> None:
        """Queue a change and what remembers it; of what changes all the time neither: a restart tells it once more."""
        if change is not None and not self._is_rare(place):
            return
        saved: list[Mutation] = self._states.saving(self._resource, [place], clock.now())
        self._queue.offer([change.event()] if change is not None else [], saved, is_live=is_live)

    def _is_rare(self, place: Place) -> bool:
        now = clock.now()
        if len(self._told_at) > MAX_GONE:
            self._told_at = {each: times for each, times in self._told_at.items() if times[-1] > now - HOUR_S}
        times = [at for at in self._told_at.get(place, []) if at > now - HOUR_S]
        self._told_at[place] = [*times, now][-MAX_TOLD_AN_HOUR:]
        return len(times) < MAX_TOLD_AN_HOUR

    def _ref(self, place: Place, uid: str) -> ObjectRef:
        namespace, name = place
        return ObjectRef(self._kind, namespace, name, uid)


def _place(obj: ChangedObject) -> Place:
    return obj.metadata.namespace, obj.metadata.name


def _written(obj: ChangedObject, *, is_live: bool) -> tuple[float, str, str]:
    """Return when and by whom a change was made; the object's version where no writer dates it."""
    now, write = clock.now(), obj.write
    if not write.at or (is_live and now - write.at > WRITE_SLACK_S):
        return now, "", obj.metadata.resource_version
    return write.at, write.manager, ""
