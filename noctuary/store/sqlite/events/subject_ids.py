"""The subjects of events: most are about what others were about before, and are remembered."""

import sqlite3
from typing import NamedTuple

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.store.sqlite.events.remembered import DATED_EVERY_S, Remembered
from noctuary.store.sqlite.events.subjects import CLUSTER, lasting

MAX_REASON_CHARS = 63
"""Reasons and vendors are code words; a sender that writes sentences must not fill the table."""
UNNAMED = "-"
"""The sender of what was posted without a vendor, which no release takes any more."""
_ENCODER = msgspec.json.Encoder(order="sorted")
NAMES = "tenant, service_name, workload, labels, event_type, reason, sender"
"""The columns of a Key."""


class Key(NamedTuple):
    """What makes a subject one of its own."""

    tenant: str
    service_name: str
    workload: str
    labels: str
    event_type: str
    reason: str
    sender: str


def ids_of(connection: sqlite3.Connection, events: list[ContextEvent], remembered: Remembered) -> list[int]:
    """Find, make or date the subjects of events and return their ids; each is written once, as last seen, if at all."""
    keys = [_key_of(event) for event in events]
    newest: dict[Key, float] = {}
    for key, event in zip(keys, events, strict=True):
        newest[key] = max(newest.get(key, event.last_seen), event.last_seen)
    kept = remembered.subjects
    dated = []
    for key, at in newest.items():
        known = kept.get(key)
        if known is None:
            kept[key] = (_find_or_make(connection, key, at), at)
            remembered.has_changed = True
        elif at >= known[1] + DATED_EVERY_S:
            dated.append((at, known[0]))
            kept[key] = (known[0], at)
    if dated:
        connection.executemany("UPDATE subjects SET last_event_at = max(last_event_at, ?) WHERE subject_id = ?", dated)
        remembered.has_changed = True
    return [kept[key][0] for key in keys]


def _find_or_make(connection: sqlite3.Connection, key: Key, last_event_at: float) -> int:
    row: tuple[int] = connection.execute(
        f"INSERT INTO subjects ({NAMES}, last_event_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
        f" ON CONFLICT ({NAMES})"
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
