"""The ids of subjects, kept in memory by the writer: most events are about what others were about before."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.store.sqlite.events.subjects import CLUSTER, lasting

MAX_REASON_CHARS = 63
"""Reasons and vendors are code words; a sender that writes sentences must not fill the table."""
UNNAMED = "-"
"""The sender of what was posted without a vendor, which no release takes any more."""
MAX_KEPT = 20_000
"""About 10 MB; beyond it all are forgotten and found again."""
_ENCODER = msgspec.json.Encoder(order="sorted")
_NAMES = "tenant, service_name, workload, labels, event_type, reason, sender"
_IS_IT = " AND ".join(f"{name} = ?" for name in _NAMES.split(", "))


class Key(NamedTuple):
    """What makes a subject one of its own."""

    tenant: str
    service_name: str
    workload: str
    labels: str
    event_type: str
    reason: str
    sender: str


class SubjectIds:
    """Finds or makes the subjects of events; for the one thread that writes.

    What is remembered is checked with each write: a transaction may have been undone, or the sweep may have come by.
    """

    def __init__(self) -> None:
        self._kept: dict[Key, int] = {}

    def of(self, connection: sqlite3.Connection, events: list[ContextEvent]) -> list[int]:
        """Return the ids of the subjects of events; each subject is written once, as last seen."""
        keys = [_key_of(event) for event in events]
        newest: dict[Key, float] = {}
        for key, event in zip(keys, events, strict=True):
            newest[key] = max(newest.get(key, event.last_seen), event.last_seen)
        found = self._dated(connection, newest)
        found |= {key: _find_or_make(connection, key, at) for key, at in newest.items() if key not in found}
        self._keep(found.items())
        return [found[key] for key in keys]

    def _dated(self, connection: sqlite3.Connection, newest: Mapping[Key, float]) -> dict[Key, int]:
        """Date those that are remembered, all at once, and return their ids; none if one id is another's by now."""
        known = {key: self._kept[key] for key in newest if key in self._kept}
        dated = connection.executemany(
            f"UPDATE subjects SET last_event_at = max(last_event_at, ?) WHERE subject_id = ? AND {_IS_IT}",  # noqa: S608 - constants
            [(newest[key], subject_id, *key) for key, subject_id in known.items()],
        )
        return known if dated.rowcount == len(known) else {}

    def _keep(self, found: Iterable[tuple[Key, int]]) -> None:
        if len(self._kept) > MAX_KEPT:
            self._kept.clear()
        self._kept.update(found)


def _find_or_make(connection: sqlite3.Connection, key: Key, last_event_at: float) -> int:
    row: tuple[int] = connection.execute(
        f"INSERT INTO subjects ({_NAMES}, last_event_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
        f" ON CONFLICT ({_NAMES})"
        " DO UPDATE SET last_event_at = max(last_event_at, excluded.last_event_at) RETURNING subject_id",
        (*key, last_event_at),
    ).fetchone()
    return row[0]


def _key_of(event: ContextEvent) -> Key:
    ref = event.object
    return Key(
        event.tenant,
        event.service_name,
        (ref.workload_name or ref.name) if ref is not None else event.entity,
        _ENCODER.encode(lasting(ref.labels)).decode() if ref is not None else "{}",
        str(event.event_type),
        event.details.get(details.REASON, "")[:MAX_REASON_CHARS],
        CLUSTER if ref is not None else event.vendor[:MAX_REASON_CHARS] or UNNAMED,
    )
