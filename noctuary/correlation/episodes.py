"""Faults as episodes in time: what the same kind of trouble did to pods of one template, until it ended."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from noctuary.correlation.faults import make_fault
from noctuary.correlation.placing import Placed, workload_of
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault, Subject

GAP_S = 900.0
"""Back-off repeats a fault every five minutes at most; after a silence of three it is another episode."""
SLACK_S = 5.0
"""Times come from several machines and most are cut to the second."""
Key = tuple[str, Subject, str, str, str]


def group_episodes(placed: Iterable[Placed], changes: list[Change], over: Mapping[str, bool]) -> list[Fault]:
    """Join events of one kind, workload, template, probe and container, and part them where an episode ended.

    `over` tells by event id whether what it reports was seen to have ended.
    """
    groups: dict[Key, list[Placed]] = defaultdict(list)
    for each in placed:
        groups[_key(each)].append(each)
    faults = [
        make_fault(key[0], key[1], key[2], members, is_over=all(over.get(p.event.id, False) for p in members))
        for key, group in groups.items()
        for members in _episodes(group, _starts(changes, key[1], key[2]))
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


def _starts(changes: list[Change], subject: Subject, template_hash: str) -> list[float]:
    """Return when this template was rolled out: each time a new episode begins."""
    return sorted(
        change.at
        for change in changes
        if change.is_rollout and change.subject == subject and _is_template(change, template_hash)
    )


def _is_template(change: Change, template_hash: str) -> bool:
    return bool(template_hash) and change.details.get(details.TEMPLATE_HASH, "") == template_hash


def _episodes(group: list[Placed], starts: list[float]) -> Iterator[list[Placed]]:
    parts = sorted((part for each in group for part in _parts(each, starts)), key=lambda p: p.event.timestamp)
    episode: list[Placed] = []
    until = 0.0
    for part in parts:
        begins = any(until < start and start - SLACK_S <= part.event.timestamp for start in starts)
        if episode and (begins or part.event.timestamp > until + GAP_S):
            yield episode
            episode = []
        episode.append(part)
        until = max(until, part.event.last_seen) if len(episode) > 1 else part.event.last_seen
    if episode:
        yield episode


def _parts(placed: Placed, starts: list[float]) -> Iterator[Placed]:
    """Cut a report that was only counted up when the template came a second time."""
    event = placed.event
    for start in starts:
        if event.timestamp < start - SLACK_S and event.last_seen > start:
            before = msgspec.structs.replace(event, last_seen=start - SLACK_S)
            yield msgspec.structs.replace(placed, event=before)
            event = msgspec.structs.replace(event, timestamp=start)
    yield msgspec.structs.replace(placed, event=event)
