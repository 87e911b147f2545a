"""Subjects: what events are about, so that an incident's are found without reading those of its whole namespace."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from noctuary.store.interface import EventQuery
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
KEEP_S = 2 * 86_400.0
"""Longer than any lookback: a subject that is seen again soon keeps its row."""
MAX_UNUSED = 50_000
"""Subjects of a tenant beyond which those without an event go at once: made-up names must not fill the table."""
_IS_UNUSED = "NOT EXISTS (SELECT 1 FROM sightings WHERE sightings.subject_id = subjects.subject_id)"
MAX_FOUND = 20_000
"""Subjects of a tenant that one window looks at, those seen last: more pods and reasons than any namespace runs."""
FIRST_READ, READ_AHEAD = 4, 4
"""After its newest event so many of a subject are read, then so many times more each time: of hundreds, few each."""
CLUSTER = ""
"""The sender of what is about a cluster object; what was posted has its vendor as sender."""
Found = tuple[float, int, str, str, str, int]
"""A subject with events within a query: its last event's time (within it or not), id, type, sender, tenant, and the
row of the newest event within it.

A plain tuple, because a selector may find 20,000 of them.
"""
SUBJECT_ID, EVENT_TYPE, SENDER, TENANT = 1, 2, 3, 4
"""Their places in it."""


class Matching(NamedTuple):
    """Subjects, the last seen first, and whether a tenant has more than MAX_FOUND, which are not among them."""

    found: list[Found]
    is_more: bool


def matching(connection: sqlite3.Connection, query: EventQuery) -> Matching:
    """Return a query's subjects that have unexpired events between its times."""
    found: list[Found] = []
    is_more = False
    seen_since = query.since - DATED_EVERY_S
    for tenant in dict.fromkeys([*query.tenants, *filter(None, [query.posts_of])]):
        condition, arguments = _condition(query, tenant)
        rows = connection.execute(
            "SELECT last_event_at, subject_id, event_type, sender, tenant,"  # noqa: S608 - placeholders only
            f" (SELECT row_id FROM sightings WHERE subject_id = chosen.subject_id AND {WITHIN} {NEWEST_FIRST} LIMIT 1)"
            " FROM (SELECT last_event_at, subject_id, event_type, sender, tenant"
            " FROM subjects WHERE tenant = ? AND last_event_at >= ?"
            f" AND reason NOT IN (SELECT value FROM json_each(?)) AND ({condition})"
            " ORDER BY last_event_at DESC LIMIT ?) AS chosen",
            (
                *within(query),
                tenant,
                seen_since,
                _json(query.without_reasons),
                *arguments,
                MAX_FOUND + 1,
            ),
        ).fetchall()
        is_more = is_more or len(rows) > MAX_FOUND
        found += [row for row in rows[:MAX_FOUND] if row[-1] is not None]
    return Matching(sorted(found, reverse=True), is_more)


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


_NAMES = "SELECT value FROM json_each(?)"
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


def _condition(query: EventQuery, tenant: str) -> tuple[str, list[str]]:
    """Return which subjects of a tenant are meant: what it posted, and the objects of the cluster in it."""
    of_objects, arguments = _of_objects(query) if tenant in query.tenants else ("0", [])
    posted = "1" if query.posts_of in (None, tenant) else "0"
    if posted == "1" and query.services is not None:
        posted, arguments = f"service_name IN ({_NAMES})", [*arguments, _json(query.services)]
    return f"iif(sender = '{CLUSTER}', {of_objects}, {posted})", arguments


def _of_objects(query: EventQuery) -> tuple[str, list[str]]:
    if query.services is None:
        return "1", []
    parts = [f"service_name IN ({_NAMES})", f"workload IN ({_NAMES})"]
    arguments = [_json(each) for each in (query.services, query.workloads)]
    pairs = [_as_stored(*item) for item in lasting(query.match_labels).items()]
    if pairs:
        parts.append(" AND ".join(["instr(labels, ?)"] * len(pairs)))
    return " OR ".join(f"({part})" for part in parts), arguments + pairs


def lasting(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that all pods of a workload share, whatever their version."""
    return {name: value for name, value in labels.items() if name not in VOLATILE_LABELS}


def _as_stored(name: str, value: str) -> str:
    """Return a label as it stands within the stored JSON: its quotes make it whole names and values only."""
    return msgspec.json.encode({name: value}).decode()[1:-1]


def unused(connection: sqlite3.Connection, now: float, limit: int) -> list[int]:
    """Return subjects that have no event any more: old ones, and any of a tenant that has too many."""
    crowded = "SELECT tenant FROM subjects GROUP BY tenant HAVING count(*) > ?"
    rows = connection.execute(
        f"SELECT subject_id FROM subjects WHERE (last_event_at < ? OR tenant IN ({crowded}))"  # noqa: S608 - a constant
        f" AND {_IS_UNUSED} LIMIT ?",
        (now - KEEP_S, MAX_UNUSED, limit),
    )
    return [subject_id for (subject_id,) in rows]


def delete_unused(connection: sqlite3.Connection, subject_ids: list[int]) -> int:
    """Forget those of the subjects that have no event still; return how many."""
    return connection.execute(
        f"DELETE FROM subjects WHERE subject_id IN (SELECT value FROM json_each(?)) AND {_IS_UNUSED}",  # noqa: S608 - a constant
        (msgspec.json.encode(subject_ids).decode(),),
    ).rowcount
