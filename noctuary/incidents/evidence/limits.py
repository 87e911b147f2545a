"""The limits of a window, held once more when the live view was added to it: of each service so much is correlated."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator
from itertools import islice

import msgspec

from noctuary.common.turns import in_turns
from noctuary.correlation.lasting import is_ignored
from noctuary.correlation.placing import OBSERVED_SOURCES, Placing, workload_of
from noctuary.incidents.evidence.window import MAX_CHANGES, Cut, note_cut
from noctuary.models import details
from noctuary.models.context_event import CHANGE_TYPES, ContextEvent
from noctuary.models.diagnosis import IncidentContext

MAX_SEEN_WARNINGS = 1000
"""Everything else of one service: each pod may tell a fault, and of a namespace no more than a thousand are read."""
_LIMITS = {"changes": MAX_CHANGES, "warnings": MAX_SEEN_WARNINGS}
Key = Callable[[ContextEvent], Hashable]


def within_limits(context: IncidentContext, since: float, cuts: list[Cut]) -> IncidentContext:
    """Return a context with no more of each service than is correlated; note what was cut of what happened since.

    What is about nodes, or of no service, stays: the readings of it have limits of their own.
    """
    left_out: set[int] = set()
    for (service, kind), part in _parts(context).items():
        if len(part) > _LIMITS[kind]:
            chosen = _choose(part, _LIMITS[kind], since)
            note_cut(cuts, _cut(service, kind, since, part, chosen))
            left_out |= {id(event) for event in part} - {id(event) for event in chosen}
    if not left_out:
        return context
    return msgspec.structs.replace(context, events=[each for each in context.events if id(each) not in left_out])


def _parts(context: IncidentContext) -> dict[tuple[str, str], list[ContextEvent]]:
    """Return the changes and the warnings of each service."""
    parts: dict[tuple[str, str], list[ContextEvent]] = defaultdict(list)
    if len(context.events) <= min(_LIMITS.values()):
        return parts
    placing = Placing(context.services, context.pods or [])
    for event in context.events:
        placed = None if is_ignored(event, context) else placing.place(event)
        if placed is not None:
            parts[placed.service, "changes" if event.event_type in CHANGE_TYPES else "warnings"].append(event)
    return parts


def _cut(service: str, kind: str, since: float, part: list[ContextEvent], chosen: list[ContextEvent]) -> Cut:
    """Tell what was left out; what was over before the time that the note looks at is not missed."""
    before, after = (
        Counter(_is_posted(each) for each in events if each.last_seen >= since) for events in (part, chosen)
    )
    left_out = before - after
    return Cut(service, kind, since, left_out.total(), after.total(), left_out[True])


def _choose(events: list[ContextEvent], limit: int, since: float) -> list[ContextEvent]:
    """Take what happened since, and of what is older as much as there is room for."""
    chosen = _take([event for event in events if event.last_seen >= since], limit)
    return chosen + _take([event for event in events if event.last_seen < since], limit - len(chosen))


def _take(events: list[ContextEvent], limit: int) -> list[ContextEvent]:
    """Take from what the cluster told and from what was posted; each has half the limit, and what the other leaves."""
    newest_first = sorted(events, key=lambda event: -event.last_seen)
    posted = [event for event in newest_first if _is_posted(event)]
    told = [event for event in newest_first if not _is_posted(event)]
    of_posted = min(len(posted), max(limit // 2, limit - len(told)))
    parts = ((told, limit - of_posted), (posted, of_posted))
    return [event for part, places in parts for event in islice(_by_turns(part, *_TURNS), places)]


def _by_turns(events: list[ContextEvent], *keys: Key) -> Iterator[ContextEvent]:
    """Give each value of the first key its turn, within it each of the next, as the store does."""
    if not keys:
        return iter(events)
    parts: dict[Hashable, list[ContextEvent]] = defaultdict(list)
    for event in events:
        parts[keys[0](event)].append(event)
    return in_turns(_by_turns(part, *keys[1:]) for part in parts.values())


def _is_posted(event: ContextEvent) -> bool:
    return event.source not in OBSERVED_SOURCES


def _subject_of(event: ContextEvent) -> Hashable:
    thing = event.entity if _is_posted(event) else workload_of(event)
    return thing, event.event_type, event.details.get(details.REASON, "")


_TURNS: tuple[Key, ...] = (lambda event: event.tenant, lambda event: event.vendor, _subject_of)
