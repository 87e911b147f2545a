"""ContextEvents: kept once per dedup key, counted when repeated, gone from every window when expired."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from noctuary.models.context_event import ContextEvent, merge_repeated
from noctuary.store.limits import Added, Quota, StoreLimits
from noctuary.store.sqlite import many_rows
from noctuary.store.sqlite.bounds import damaged
from noctuary.store.sqlite.bounds.volume import Levels
from noctuary.store.sqlite.events import unused
from noctuary.store.sqlite.events.ledger import Ledger
from noctuary.store.sqlite.events.quotas import Admission, Item
from noctuary.store.sqlite.events.reading import decode
from noctuary.store.sqlite.events.remembered import Remembered
from noctuary.store.sqlite.events.subject_ids import ids_of

EVENTS = (
    "events (tenant, source, dedup_key, service_name, timestamp, last_seen, count, event, row_id, expires_at,"
    " subject_id)"
)
SIGHTINGS = "sightings (subject_id, last_seen, row_id, timestamp, expires_at)"
_ENCODER = msgspec.json.Encoder()
_Key = tuple[str, str, str]


class AddedEvents(NamedTuple):
    """What became of each event, and how many rows of which tenant were pushed out for it, by the quota."""

    added: list[Added]
    pushed_out: Counter[tuple[str, Quota]]


class _State(NamedTuple):
    """What the columns of an event hold."""

    timestamp: float
    last_seen: float
    times: int
    body: bytes
    row_id: int
    expires_at: float
    subject_id: int

    def sighting(self) -> tuple[int, float, int, float, float]:
        """Return the columns of its sighting."""
        return self.subject_id, self.last_seen, self.row_id, self.timestamp, self.expires_at


@dataclass(slots=True)
class _Entry:
    """An event under its key: as it is stored (None: it is new), as it is to be, and who told it last."""

    stored: _State | None
    now: _State
    event: ContextEvent | None = None


def add(
    connection: sqlite3.Connection,
    events: list[ContextEvent],
    remembered: Remembered,
    limits: StoreLimits,
    levels: Levels,
) -> AddedEvents:
    """Insert events or count them up, as far as their tenants' quotas allow."""
    remembered.begin(connection)
    ledger = Ledger(connection)
    items = [Item(event, _ENCODER.encode(event)) for event in events]
    crowding = levels.without_events(connection, {item.event.tenant for item in items}, limits)
    refused, pushed_out = Admission(connection, ledger, limits, remembered).decide(items, crowding)
    admitted = [item for item, quota in zip(items, refused, strict=True) if quota is None]
    of_events = ids_of(connection, [item.event for item in admitted], remembered)
    is_new = iter(_Telling(connection, ledger).tell(admitted, of_events))
    ledger.save()
    for names in unused.keep_shares(connection, {item.event.tenant for item in items}, limits):
        remembered.subjects.pop(names, None)
        pushed_out[names[0], Quota.SUBJECTS] += 1
    remembered.end(connection)
    return AddedEvents([next(is_new) if quota is None else quota for quota in refused], pushed_out)


class _Telling:
    """Works out what many events make of what is stored, and writes it with few statements."""

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger
        self._gone: list[int] = []

    def tell(self, items: list[Item], of_events: list[int]) -> list[bool]:
        """Take events in their order; True where new."""
        entries = self._find(items)
        row_id = self._ledger.next_row_id()
        added = []
        for (event, body), subject_id in zip(items, of_events, strict=True):
            key = (event.tenant, event.source, event.dedup_key)
            known = entries.get(key)
            is_new = known is None or not self._count_up(known, event, subject_id)
            if is_new:
                if known is not None and known.stored is not None:
                    self._gone.append(known.stored.row_id)
                entries[key] = _Entry(None, _state_of(event, body, row_id, subject_id), event)
                row_id += 1
            added.append(is_new)
        left = {*of_events, *(entry.stored.subject_id for entry in entries.values() if entry.stored is not None)}
        self._write(entries)
        if left := left - {entry.now.subject_id for entry in entries.values()}:
            unused.mark(self._connection, left)
        return added

    def _find(self, items: list[Item]) -> dict[_Key, _Entry]:
        keys: dict[tuple[str, str], list[str]] = {}
        for event, _ in items:
            keys.setdefault((event.tenant, event.source), []).append(event.dedup_key)
        return {
            (tenant, source, dedup_key): _Entry(state, state)
            for (tenant, source), wanted in keys.items()
            for dedup_key, state in self._stored(tenant, source, wanted)
        }

    def _stored(self, tenant: str, source: str, wanted: list[str]) -> list[tuple[str, _State]]:
        rows = self._connection.execute(
            "SELECT dedup_key, timestamp, last_seen, count, event, row_id, expires_at, subject_id"
            " FROM json_each(?) CROSS JOIN events ON tenant = ? AND source = ? AND dedup_key = value",
            (msgspec.json.encode(wanted).decode(), tenant, source),
        )
        return [(dedup_key, _State(*columns)) for dedup_key, *columns in rows]

    def _count_up(self, known: _Entry, event: ContextEvent, subject_id: int) -> bool:
        """Keep what was seen last; the same occurrence told twice (a watch that was begun anew) is not a second one.

        False when nothing can be counted up: what is known had expired when this one happened (whether the sweep came
        by must not matter), or it is damaged.
        """
        was = known.now
        if was.expires_at <= event.timestamp:
            return False
        try:
            stored = decode(was[:4]) if known.event is None else known.event
        except damaged.UNREADABLE:
            damaged.keep(self._connection, "events", was.row_id, was.body)
            return False
        merged = merge_repeated(stored, event)
        known.now = _State(
            was.timestamp,
            max(was.last_seen, event.last_seen),
            max(was.times + (event.last_seen > was.last_seen), event.count),
            was.body if merged == stored else _ENCODER.encode(merged),
            was.row_id,
            max(was.expires_at, event.expires_at),
            subject_id,
        )
        known.event = decode(known.now[:4]) if known.now.body is not was.body else stored
        return True

    def _write(self, entries: dict[_Key, _Entry]) -> None:
        self._ledger.delete(self._ledger.stored(self._gone) if self._gone else [])
        new = {key: entry for key, entry in entries.items() if entry.stored is None}
        changed = [
            (key, entry.stored, entry.now)
            for key, entry in entries.items()
            if entry.stored is not None and entry.now != entry.stored
        ]
        if new:
            self._insert(new)
        if changed:
            self._update(changed)

    def _insert(self, new: dict[_Key, _Entry]) -> None:
        rows = [(*key, entry.event.service_name if entry.event else "", *entry.now) for key, entry in new.items()]
        many_rows.insert(self._connection, EVENTS, rows)
        self._add_sightings([entry.now for entry in new.values()])
        expiries = []
        for (tenant, source, _), entry in new.items():
            owner = self._ledger.owner(tenant, source)
            owner.events += 1
            owner.bytes += len(entry.now.body)
            expiries.append((owner.id, entry.now.expires_at, entry.now.row_id))
        many_rows.insert(self._connection, "expiries", expiries)

    def _add_sightings(self, states: list[_State]) -> None:
        many_rows.insert(self._connection, SIGHTINGS, [state.sighting() for state in states])

    def _update(self, changed: list[tuple[_Key, _State, _State]]) -> None:
        self._connection.executemany(
            "UPDATE events SET last_seen = ?, count = ?, event = ?, expires_at = ?, subject_id = ? WHERE row_id = ?",
            [(now[1], now[2], now[3], now[5], now[6], now[4]) for _, _, now in changed],
        )
        moved = [(was, now) for _, was, now in changed if was.sighting() != now.sighting()]
        self._connection.executemany(
            "DELETE FROM sightings WHERE subject_id = ? AND last_seen = ? AND row_id = ?",
            [was.sighting()[:3] for was, _ in moved],
        )
        self._add_sightings([now for _, now in moved])
        self._move_expiries([each for each in changed if self._ledger.is_counted(each[1].row_id)])

    def _move_expiries(self, changed: list[tuple[_Key, _State, _State]]) -> None:
        moves = []
        for (tenant, source, _), was, now in changed:
            owner = self._ledger.owner(tenant, source)
            owner.bytes += len(now.body) - len(was.body)
            if now.expires_at != was.expires_at:
                moves.append((now.expires_at, owner.id, was.expires_at, was.row_id))
        self._connection.executemany(
            "UPDATE expiries SET expires_at = ? WHERE owner_id = ? AND expires_at = ? AND row_id = ?", moves
        )


def _state_of(event: ContextEvent, body: bytes, row_id: int, subject_id: int) -> _State:
    return _State(event.timestamp, event.last_seen, event.count, body, row_id, event.expires_at, subject_id)
