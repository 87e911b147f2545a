"""Subjects: what events are about, so that an incident's are found without reading those of its whole namespace."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from noctuary.models.context_event import CHANGE_TYPES
from noctuary.store.queries import EventQuery
from noctuary.store.sqlite.events.remembered import DATED_EVERY_S

VOLATILE_LABELS = frozenset(
    {
        "pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
        "controller-uid",
        "job-name",
    }
)
"""They differ from pod to pod or from version to version: with them every pod would be a subject of its own."""
MAX_LOOKED_AT = 20_000
"""Subjects of a tenant that one window looks at, those seen last: more workloads and reasons than any namespace has."""
MAX_FOUND = 5_000
"""Of them changes, and of them all else: as many as are counted. The rest is looked through for changes only, in the
database's own time: each row that is handed over waits for the interpreter beside everything else."""
FIRST_READ, READ_AHEAD = 4, 4
"""After its newest event so many of a subject are read, then so many times more each time: of hundreds, few each."""
CLUSTER = ""
"""The sender of what is about a cluster object; what was posted has its vendor as sender."""
OF_OBJECTS, OF_POSTS = f"sender = '{CLUSTER}'", f"sender <> '{CLUSTER}'"
"""Whose subjects: word for word as the partial indexes on them say it."""
MAX_SETS = 1_000
"""Sets of labels of a tenant that are found by a search each; where there are more, reading all others costs less."""
WORN = (
    "WITH RECURSIVE worn (labels) AS ("  # noqa: S608 - constants
    f"SELECT min(labels) FROM subjects WHERE tenant = ? AND {OF_OBJECTS}"
    f" UNION ALL SELECT (SELECT min(labels) FROM subjects WHERE tenant = ? AND {OF_OBJECTS}"
    " AND labels > worn.labels) FROM worn WHERE worn.labels IS NOT NULL)"
    " SELECT labels FROM worn WHERE labels IS NOT NULL LIMIT ?"
)
"""Goes from one set of labels to the next by the index, past all subjects that wear the same."""
CHANGES = msgspec.json.encode(sorted(CHANGE_TYPES)).decode()
LAST_OF_EACH_KIND = " UNION ALL ".join(
    f"SELECT * FROM (SELECT id FROM seen WHERE {kind} ORDER BY at DESC LIMIT ?)"  # noqa: S608 - constants
    for kind in ("is_change", "NOT is_change")
)
_Condition = tuple[str, list[str]]
"""A condition on subjects, and its arguments."""
Seen = tuple[float, int, str, str, str]
"""A subject's last event's time, id, type, sender, tenant."""
Found = tuple[float, int, str, str, str, int]
"""A subject with events within a query: its last event's time (within it or not), id, type, sender, tenant, and the
row of the newest event within it.

A plain tuple, because a selector may find 10,000 of them.
"""
SUBJECT_ID, EVENT_TYPE, SENDER, TENANT = 1, 2, 3, 4
"""Their places in it."""


class Matching(NamedTuple):
    """Subjects, the last seen first, and whether a tenant has more than MAX_FOUND of a kind, which are not here."""

    found: list[Found]
    is_more: bool


def matching(connection: sqlite3.Connection, query: EventQuery) -> Matching:
    """Return a query's subjects that have unexpired events between its times."""
    found: list[Found] = []
    is_more = False
    for tenant in dict.fromkeys([*query.tenants, *filter(None, [query.posts_of])]):
        # In the order of the parts: sorting what is nearly sorted keeps the interpreter for half the time, or less.
        every = dict.fromkeys(row for part in parts(connection, query, tenant) for row in connection.execute(*part))
        seen = sorted(every, reverse=True)
        changes = [each for each in seen if each[EVENT_TYPE] in CHANGE_TYPES]
        others = [each for each in seen if each[EVENT_TYPE] not in CHANGE_TYPES]
        is_more = is_more or max(len(changes), len(others)) > MAX_FOUND
        chosen = changes[:MAX_FOUND] + others[:MAX_FOUND]
        rows = _newest_rows(connection, chosen, query)
        found += [(*each, rows[each[SUBJECT_ID]]) for each in chosen if each[SUBJECT_ID] in rows]
    return Matching(sorted(found, reverse=True), is_more)


def parts(connection: sqlite3.Connection, query: EventQuery, tenant: str) -> Iterator[tuple[str, list[str | float]]]:
    """Yield statements with their arguments that together find a query's subjects of a tenant, those seen last of each.

    With services each asks for values of an index, of one value in the order of time, and reads no subject that it does
    not mean but those with `without_reasons`; where labels are meant, and a tenant has more than MAX_SETS sets of them,
    it reads the others' by the index.
    """
    since, reasons = query.since - DATED_EVERY_S, _json(query.without_reasons)
    for condition, arguments in _meant(connection, query, tenant):
        statement = (
            "WITH seen AS MATERIALIZED (SELECT last_event_at AS at, subject_id AS id,"  # noqa: S608 - constants
            " event_type IN (SELECT value FROM json_each(?)) AS is_change FROM subjects"
            f" WHERE tenant = ? AND last_event_at >= ? AND {condition}"
            " AND reason NOT IN (SELECT value FROM json_each(?)) ORDER BY last_event_at DESC LIMIT ?)"
            f" SELECT last_event_at, subject_id, event_type, sender, tenant FROM ({LAST_OF_EACH_KIND})"
            " CROSS JOIN subjects ON subject_id = id"
        )
        most = MAX_FOUND + 1
        yield statement, [CHANGES, tenant, since, *arguments, reasons, MAX_LOOKED_AT, most, most]


def _meant(connection: sqlite3.Connection, query: EventQuery, tenant: str) -> Iterator[_Condition]:
    """Yield conditions on the subjects of a tenant; each that fulfils one of them is meant."""
    column, names = ("", []) if query.services is None else ("service_name", query.services)
    if tenant in query.tenants:
        yield from _bearing(OF_OBJECTS, column, names)
        if query.services is not None:
            yield from _bearing(OF_OBJECTS, "workload", query.workloads)
            yield from _wearing(connection, query, tenant)
    if query.posts_of in (None, tenant):
        yield from _bearing(OF_POSTS, column, names)


def _bearing(whose: str, column: str, values: list[str]) -> Iterator[_Condition]:
    """Yield the condition on a column, none for no value; of one value the index gives the rows in their order."""
    if not column:
        yield whose, []
    elif len(values) == 1:
        yield f"{whose} AND {column} = ?", values
    elif values:
        yield f"{whose} AND {column} IN (SELECT value FROM json_each(?))", [_json(values)]  # noqa: S608 - constants


def _wearing(connection: sqlite3.Connection, query: EventQuery, tenant: str) -> Iterator[_Condition]:
    """Yield the conditions on labels: on sets that hold all of a query's, each found once, however many wear it."""
    pairs = [_as_stored(*item) for item in lasting(query.match_labels).items()]
    if not pairs:
        return
    sets = [labels for (labels,) in connection.execute(WORN, (tenant, tenant, MAX_SETS))]
    yield from _bearing(OF_OBJECTS, "labels", [labels for labels in sets if all(pair in labels for pair in pairs)])
    if len(sets) == MAX_SETS:
        yield f"{OF_OBJECTS} AND labels > ?" + " AND instr(labels, ?)" * len(pairs), [sets[-1], *pairs]


def _newest_rows(connection: sqlite3.Connection, chosen: list[Seen], query: EventQuery) -> dict[int, int]:
    """Return the row of each subject's newest event within a query, of those that have one."""
    ids = msgspec.json.encode([each[SUBJECT_ID] for each in chosen]).decode()
    rows = connection.execute(
        f"SELECT value, (SELECT row_id FROM sightings WHERE subject_id = value AND {WITHIN} {NEWEST_FIRST} LIMIT 1)"  # noqa: S608 - constants
        " FROM json_each(?)",
        (*within(query), ids),
    )
    return {subject_id: row_id for subject_id, row_id in rows if row_id is not None}


def newest(connection: sqlite3.Connection, subject: Found, query: EventQuery) -> Iterator[int]:
    """Yield a subject's events within a query by their rows, the last seen first; reads little more than is taken."""
    yield subject[-1]
    seen, size = 1, FIRST_READ
    while True:
        rows = connection.execute(
            f"SELECT row_id FROM sightings WHERE subject_id = ? AND {WITHIN} {NEWEST_FIRST} LIMIT ? OFFSET ?",  # noqa: S608 - constants
            (subject[SUBJECT_ID], *within(query), size, seen),
        ).fetchall()
        yield from (row_id for (row_id,) in rows)
        if len(rows) < size:
            return
        seen, size = seen + size, size * READ_AHEAD


def count(connection: sqlite3.Connection, found: list[Found], query: EventQuery, limit: int) -> int:
    """Return how many events subjects have within a query; beyond the limit they are not counted."""
    ids = msgspec.json.encode([each[SUBJECT_ID] for each in found]).decode()
    counted: int = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM json_each(?) CROSS JOIN sightings"  # noqa: S608 - a constant
        f" ON subject_id = value WHERE {WITHIN} LIMIT ?)",
        (ids, *within(query), limit),
    ).fetchone()[0]
    return counted


NEWEST_FIRST = "ORDER BY last_seen DESC, row_id DESC"
WITHIN = "last_seen >= ? AND timestamp <= ? AND expires_at > ?"


def within(query: EventQuery) -> tuple[float, float, float]:
    """Return what belongs in the places of WITHIN."""
    return query.since, query.until, query.now


def last_event_at(
    connection: sqlite3.Connection, tenants: list[str], services: list[str] | None, reasons: list[str]
) -> tuple[float | None, float | None]:
    """Return when these services were last seen with one of the reasons, and with any other, as far as is known."""
    condition = "1" if services is None else "service_name IN (SELECT value FROM json_each(?3))"
    is_one = "reason IN (SELECT value FROM json_each(?2))"
    arguments = [_json(each) for each in (tenants, reasons, services) if each is not None]
    row: tuple[float | None, float | None] = connection.execute(
        f"SELECT max(last_event_at) FILTER (WHERE {is_one}), max(last_event_at) FILTER (WHERE NOT {is_one})"  # noqa: S608 - placeholders only
        f" FROM subjects WHERE tenant IN (SELECT value FROM json_each(?1)) AND {condition}",
        arguments,
    ).fetchone()
    return row


def _json(values: list[str]) -> str:
    return msgspec.json.encode(values).decode()


def lasting(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that all pods of a workload share, whatever their version."""
    return {name: value for name, value in labels.items() if name not in VOLATILE_LABELS}


def _as_stored(name: str, value: str) -> str:
    """Return a label as it stands within the stored JSON: its quotes make it whole names and values only."""
    return msgspec.json.encode({name: value}).decode()[1:-1]
