"""The state window: an incident's events, chosen before they are cut, so that no flood pushes others out."""

import sqlite3
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import NamedTuple

from noctuary.models.context_event import CHANGE_TYPES
from noctuary.store.interface import EventQuery, Window
from noctuary.store.sqlite.events import rows, subjects
from noctuary.store.sqlite.events.subjects import CLUSTER, WITHIN, Found, within


class _Taken(NamedTuple):
    """The rows that are within a limit, how many there were beyond it, and how many of those were posted."""

    row_ids: list[int]
    cut: int
    posted_cut: int


def select(connection: sqlite3.Connection, query: EventQuery) -> Window:
    """Return the unexpired events that happened or went on between the query's times: changes, and all else."""
    found = subjects.matching(connection, query)
    changes = _take(connection, [each for each in found if each.event_type in CHANGE_TYPES], query, query.change_limit)
    others = _take(connection, [each for each in found if each.event_type not in CHANGE_TYPES], query, query.limit)
    return Window(
        events=rows.read(connection, changes.row_ids + others.row_ids),
        changes_cut=changes.cut,
        others_cut=others.cut,
        posted_changes_cut=changes.posted_cut,
        posted_others_cut=others.posted_cut,
    )


def _take(connection: sqlite3.Connection, found: list[Found], query: EventQuery, limit: int) -> _Taken:
    """Take from what the cluster told and from what was posted; each has half the limit, and what the other leaves."""
    cluster = [each for each in found if each.sender == CLUSTER]
    posted = [each for each in found if each.sender != CLUSTER]
    told, sent = (sum(each.count for each in part) for part in (cluster, posted))
    of_sent = min(sent, max(limit // 2, limit - told))
    of_told = min(told, limit - of_sent)
    chosen = Counter([*islice(_by_subject(cluster), of_told), *islice(_by_sender(posted), of_sent)])
    row_ids = [row for subject, count in chosen.items() for row in _newest(connection, subject, query, count)]
    return _Taken(row_ids, told + sent - of_told - of_sent, sent - of_sent)


def _by_sender(found: list[Found]) -> Iterator[int]:
    """Give each vendor its turn, and within it each subject: who invents subjects crowds out only itself."""
    senders: dict[str, list[Found]] = {}
    for each in found:
        senders.setdefault(each.sender, []).append(each)
    return _in_turn(map(_by_subject, senders.values()))


def _by_subject(found: list[Found]) -> Iterator[int]:
    """Name each subject once, then again each that has more events, and so on: none crowds out another."""
    return _in_turn(repeat(each.subject_id, each.count) for each in found)


def _in_turn(parts: Iterable[Iterator[int]]) -> Iterator[int]:
    waiting = deque(parts)
    while waiting:
        part = waiting.popleft()
        for value in islice(part, 1):
            yield value
            waiting.append(part)


def _newest(connection: sqlite3.Connection, subject_id: int, query: EventQuery, limit: int) -> list[int]:
    seen = connection.execute(
        f"SELECT row_id FROM sightings WHERE subject_id = ? AND {WITHIN}"  # noqa: S608 - a constant
        " ORDER BY last_seen DESC, row_id LIMIT ?",
        (subject_id, *within(query), limit),
    )
    return [row for (row,) in seen]
