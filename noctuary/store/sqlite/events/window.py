"""The state window: an incident's events, chosen before they are cut, so that no flood pushes others out."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import islice, repeat
from typing import NamedTuple

from noctuary.common.turns import in_turns
from noctuary.models.context_event import CHANGE_TYPES
from noctuary.store.interface import EventQuery, Window
from noctuary.store.sqlite.bounds.damaged import DamagedRow
from noctuary.store.sqlite.events import reading, subjects
from noctuary.store.sqlite.events.subjects import CLUSTER, SENDER, TENANT, WITHIN, Found, within


class _Taken(NamedTuple):
    """The rows that are within a limit, how many there were beyond it, and how many of those were posted."""

    row_ids: list[int]
    cut: int
    posted_cut: int


def select(connection: sqlite3.Connection, query: EventQuery, damaged: list[DamagedRow]) -> Window:
    """Return the unexpired events that happened or went on between the query's times: changes, and all else.

    Rows that cannot be decoded are left out and added to `damaged`.
    """
    changes: list[Found] = []
    others: list[Found] = []
    for each in subjects.matching(connection, query):
        (changes if each[2] in CHANGE_TYPES else others).append(each)
    did, told = _take(connection, changes, query, query.change_limit), _take(connection, others, query, query.limit)
    events, texts_cut = reading.read(connection, did.row_ids + told.row_ids, damaged)
    return Window(
        events=events,
        changes_cut=did.cut,
        others_cut=told.cut,
        posted_changes_cut=did.posted_cut,
        posted_others_cut=told.posted_cut,
        texts_cut=texts_cut,
    )


def _take(connection: sqlite3.Connection, found: list[Found], query: EventQuery, limit: int) -> _Taken:
    """Take from what the cluster told and from what was posted; each has half the limit, and what the other leaves."""
    cluster = [each for each in found if each[SENDER] == CLUSTER]
    posted = [each for each in found if each[SENDER] != CLUSTER] if len(cluster) < len(found) else []
    told, sent = (sum([each[-1] for each in part]) for part in (cluster, posted))
    of_sent = min(sent, max(limit // 2, limit - told))
    of_told = min(told, limit - of_sent)
    chosen = Counter([*_in_turns_of(cluster, of_told, TENANT), *_in_turns_of(posted, of_sent, TENANT, SENDER)])
    row_ids = [row for subject, count in chosen.items() for row in _newest(connection, subject, query, count)]
    return _Taken(row_ids, told + sent - of_told - of_sent, sent - of_sent)


def _in_turns_of(found: list[Found], limit: int, *places: int) -> Iterator[int]:
    """Give each value at the first place its turn, within it each at the next, and at last each subject.

    Who invents subjects, or vendors, crowds out only what bears the same names as itself.
    """
    if not places:
        return _by_subject(found, limit)
    parts: dict[object, list[Found]] = {}
    for each in found:
        parts.setdefault(each[places[0]], []).append(each)
    return islice(in_turns(_in_turns_of(part, limit, *places[1:]) for part in parts.values()), limit)


def _by_subject(found: list[Found], limit: int) -> Iterator[int]:
    """Name each subject once, then again each that has more events, and so on: none crowds out another."""
    return islice(in_turns(repeat(subject_id, seen) for _, subject_id, *_, seen in found[:limit]), limit)


def _newest(connection: sqlite3.Connection, subject_id: int, query: EventQuery, limit: int) -> list[int]:
    seen = connection.execute(
        f"SELECT row_id FROM sightings WHERE subject_id = ? AND {WITHIN}"  # noqa: S608 - a constant
        " ORDER BY last_seen DESC, row_id LIMIT ?",
        (subject_id, *within(query), limit),
    )
    return [row for (row,) in seen]
