"""Faults as episodes in time: what the same kind of trouble did to pods of one template, until it ended."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from noctuary.correlation.faults import make_fault
from noctuary.correlation.lasting import CLOCK_SLACK_S, Seen, is_over, pod_of, told_end, was_well
from noctuary.correlation.placing import Placed, workload_of
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Change, Fault, Subject

GAP_S = 900.0
"""Back-off repeats a fault every five minutes at most; after a silence of three it is another episode."""
Key = tuple[str, Subject, str, str, str]
Cut = tuple[float, float, dict[str, str]]
"""Until when, and from when on, a report is of two episodes, and what else was known of the first one."""


class _Episode(NamedTuple):
    """Reports of one episode; `is_past`: their pods were seen to be well before the next one."""

    members: list[Placed]
    is_past: bool


def group_episodes(placed: Iterable[Placed], changes: list[Change], seen: Seen | None = None) -> list[Fault]:
    """Join events of one kind, workload, template, probe and container, and part them where an episode ended."""
    groups: dict[Key, list[Placed]] = defaultdict(list)
    for each in placed:
        groups[_key(each)].append(each)
    faults = [
        make_fault(key[0], key[1], key[2], episode.members, _over(episode, seen))
        for key, group in groups.items()
        for episode in _episodes(group, _starts(changes, key[1], key[2]), seen)
    ]
    return sorted(faults, key=lambda fault: (fault.first, fault.kind))


def _key(placed: Placed) -> Key:
    event = placed.event
    template_hash, probe, container = (
        event.details.get(name, "") for name in (details.TEMPLATE_HASH, details.PROBE, details.CONTAINER)
    )
    if placed.is_posted:  # two systems, or two things of one system, never tell of the same fault
        container = f"{event.vendor}/{event.entity}/{event.event_type}/{event.new_value}"
    return placed.analyzer.kind, workload_of(event), template_hash, probe, container


def _over(episode: _Episode, seen: Seen | None) -> dict[str, bool]:
    """Tell by event id whether what it reports was seen to have ended; a node's report says so itself."""
    if seen is None:
        return {each.event.id: details.ENDED in each.event.details for each in episode.members}
    return {each.event.id: episode.is_past or is_over(each, seen) for each in episode.members}


def _starts(changes: list[Change], subject: Subject, template_hash: str) -> list[float]:
    """Return when this template was rolled out: each time a new episode begins."""
    return sorted(
        change.at
        for change in changes
        if change.is_rollout and change.subject == subject and _is_template(change, template_hash)
    )


def _is_template(change: Change, template_hash: str) -> bool:
    return bool(template_hash) and change.details.get(details.TEMPLATE_HASH, "") == template_hash


def _episodes(group: list[Placed], starts: list[float], seen: Seen | None) -> Iterator[_Episode]:
    parts = sorted((part for each in group for part in _parts(each, starts)), key=lambda p: p.event.timestamp)
    episode: list[Placed] = []
    until = 0.0
    for part in parts:
        is_past = bool(episode) and _were_well(episode, until, part, seen)
        if episode and (is_past or part.event.timestamp > until + GAP_S or _begins(part, until, starts, seen)):
            yield _Episode(episode, is_past)
            episode = []
        episode.append(part)
        until = max(until, part.event.last_seen) if len(episode) > 1 else part.event.last_seen
    if episode:
        yield _Episode(episode, is_past=False)


def _begins(part: Placed, until: float, starts: list[float], seen: Seen | None) -> bool:
    """Tell whether the template was rolled out anew between; to a pod that was there before, nothing was."""
    event = part.event
    pod = pod_of(event, seen) if seen is not None else None
    made_at = pod.created_at if pod is not None else 0.0
    return any(
        until < start and start - CLOCK_SLACK_S <= event.timestamp and not 0 < made_at < start - CLOCK_SLACK_S
        for start in starts
    )


def _were_well(episode: list[Placed], until: float, part: Placed, seen: Seen | None) -> bool:
    """Tell whether the pods of an episode were well before a later report, and for longer than it lasted."""
    begins = part.event.timestamp
    if seen is None:
        return _has_ended(episode, begins)
    if begins - until <= until - episode[0].event.timestamp:
        return False
    pods = [(each.event, pod_of(each.event, seen)) for each in episode]
    is_known = part.event.details.get(details.NEVER_READY) != "1"
    return is_known and all(pod is not None and was_well(event, pod, begins) for event, pod in pods)


def _has_ended(episode: list[Placed], before: float) -> bool:
    """Tell whether a node was seen to be well before; where it goes on in another way at once, it was not."""
    ends = [told_end(each.event) for each in episode]
    return all(ends) and max(ends) + CLOCK_SLACK_S < before


def _parts(placed: Placed, starts: list[float]) -> Iterator[Placed]:
    """Cut a report that was only counted up: a pod's where it was silent, others' where the template came again."""
    event = placed.event
    is_of_pod = event.object is not None and event.object.kind == "Pod"
    cuts = _silences(event) if is_of_pod else [(start - CLOCK_SLACK_S, start, {}) for start in starts]
    for ended_at, began_at, facts in cuts:
        if event.timestamp <= ended_at and began_at <= event.last_seen:
            before = msgspec.structs.replace(event, last_seen=ended_at, details=event.details | facts)
            yield msgspec.structs.replace(placed, event=before)
            event = msgspec.structs.replace(event, timestamp=began_at)
    yield msgspec.structs.replace(placed, event=event)


def _silences(event: ContextEvent) -> list[Cut]:
    ended, _, rest = event.details.get(details.SILENCE, "").partition(" ")
    began, _, restarts = rest.partition(" ")
    if not (ended.isdecimal() and began.isdecimal()):
        return []
    return [(float(ended), float(began), {details.RESTARTS: restarts})]
