"""The state window: an incident's events, chosen before they are cut, so that no flood pushes others out."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

from noctuary.common.turns import in_turns
from noctuary.models.context_event import CHANGE_TYPES
from noctuary.store.queries import EventQuery, Window
from noctuary.store.sqlite.bounds.damaged import DamagedRow
from noctuary.store.sqlite.events import reading, subjects
from noctuary.store.sqlite.events.subjects import CLUSTER, EVENT_TYPE, SENDER, TENANT, Found

MAX_COUNTED = 5_000
"""Of what the cluster told of one budget, and of what was posted, so many are counted: in a millisecond. Who reads that
there were more learns nothing from how many more, and counting a namespace's 100,000 takes longer than all else."""


class _Taken(NamedTuple):
    """The rows that are within a limit, how many there were beyond it, and how many of those were posted.

    With `is_more` there were more than were counted.
    """

    row_ids: list[int]
    cut: int
    posted_cut: int
    is_more: bool


def select(connection: sqlite3.Connection, query: EventQuery, damaged: list[DamagedRow]) -> Window:
    """Return the unexpired events that happened or went on between the query's times: changes, and all else.

    Rows that cannot be decoded are left out and added to `damaged`.
    """
    changes: list[Found] = []
    others: list[Found] = []
    matching = subjects.matching(connection, query)
    for each in matching.found:
        (changes if each[EVENT_TYPE] in CHANGE_TYPES else others).append(each)
    did, told = _take(connection, changes, query, query.change_limit), _take(connection, others, query, query.limit)
    events, texts_cut = reading.read(connection, did.row_ids + told.row_ids, damaged)
    return Window(
        events=events,
        changes_cut=did.cut,
        others_cut=told.cut,
        posted_changes_cut=did.posted_cut,
        posted_others_cut=told.posted_cut,
        more_changes=did.is_more or (did.cut > 0 and matching.is_more),
        more_others=told.is_more or (told.cut > 0 and matching.is_more),
        texts_cut=texts_cut,
    )


def _take(connection: sqlite3.Connection, found: list[Found], query: EventQuery, limit: int) -> _Taken:
    """Take from what the cluster told and from what was posted; each has half the limit, and what the other leaves."""
    cluster = [each for each in found if each[SENDER] == CLUSTER]
    posted = [each for each in found if each[SENDER] != CLUSTER] if len(cluster) < len(found) else []
    newest = partial(subjects.newest, connection, query=query)
    told = list(islice(_by_turns(newest, cluster, TENANT), limit))
    sent = list(islice(_by_turns(newest, posted, TENANT, SENDER), limit))
    of_sent = min(len(sent), max(limit // 2, limit - len(told)))
    of_told = min(len(told), limit - of_sent)
    all_told, all_sent = (
        len(taken) if len(taken) < limit else subjects.count(connection, part, query, max(limit, MAX_COUNTED) + 1)
        for taken, part in ((told, cluster), (sent, posted))
    )
    is_more = max(all_told, all_sent) > max(limit, MAX_COUNTED)
    told_cut, sent_cut = all_told - of_told, all_sent - of_sent
    return _Taken(told[:of_told] + sent[:of_sent], told_cut + sent_cut, sent_cut, is_more)


def _by_turns(newest: Callable[[Found], Iterator[int]], found: list[Found], *places: int) -> Iterator[int]:
    """Give each value at the first place its turn, within it each at the next, and at last each subject.

    Who invents subjects, or vendors, crowds out only what bears the same names as itself. What nobody takes is not
    read.
    """
    if not places:
        return in_turns(newest(each) for each in found)
    parts: dict[object, list[Found]] = {}
    for each in found:
        parts.setdefault(each[places[0]], []).append(each)
    return in_turns(_by_turns(newest, part, *places[1:]) for part in parts.values())
