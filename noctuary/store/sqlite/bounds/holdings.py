"""What one namespace may keep beside its events: refused, or made room for, in the transaction that would keep more."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from typing import NamedTuple

import msgspec

from noctuary.common.errors import QuotaExceeded
from noctuary.store.limits import KEPT_ROW_BYTES, WEBHOOK_ROW_BYTES, Quota, StoreLimits
from noctuary.store.sqlite.bounds import retention
from noctuary.store.sqlite.bounds.retention import Over
from noctuary.store.sqlite.bounds.volume import Levels

RETRY_AFTER_S = 60.0
"""Only the worker, or the end of a suspension, makes room; PagerDuty repeats a delivery for up to 48 h."""
PUSHED_OUT_SHARE = 1_000
"""Of so much of a quota one goes at once, so that an incident beyond it does not cost a search of its own."""
MOST_PUSHED_OUT = 500
"""Incidents that one commit pushes out at most: each with pages of evidence to free."""
HOLDERS_ASKED = 200
"""Integrations of a namespace that are asked for their oldest closed incidents: all there may be, and gone ones."""
SLACK_BYTES = 8 * 1024
"""What a change of an incident that is known may add: its end, and a note's next text."""
PROBLEMS = {
    Quota.WEBHOOKS: "The namespace has as many bytes of webhooks waiting as it may",
    Quota.INCIDENTS: "The namespace keeps as many bytes of incidents and notes as it may, and none is closed",
    Quota.STORE: "The store is nearly full, and the namespace keeps more than others",
}


class Held(NamedTuple):
    """What the namespace of an integration keeps beside its events, rows weighed with their texts."""

    integration_id: str
    tenant: str
    webhook_bytes: int
    incident_bytes: int


def learn(connection: sqlite3.Connection, integration_id: str, tenant: str) -> None:
    """Keep in which namespace an integration is; what it holds is the namespace's from then on."""
    connection.execute(
        "INSERT INTO holders (integration_id, tenant) VALUES (?, ?) ON CONFLICT (integration_id)"
        " DO UPDATE SET tenant = excluded.tenant WHERE tenant <> excluded.tenant",
        (integration_id, tenant),
    )


def unlearnt(connection: sqlite3.Connection, tenants: Mapping[str, str]) -> dict[str, str]:
    """Return those of the integrations that hold something for another namespace than they are in."""
    rows = connection.execute(
        "SELECT integration_id, value FROM json_each(?) JOIN holders ON integration_id = key WHERE tenant <> value",
        (msgspec.json.encode(tenants).decode(),),
    )
    return dict(rows.fetchall())


def forget_empty(connection: sqlite3.Connection) -> int:
    """Forget integrations and namespaces that hold nothing any more; return how many."""
    gone = connection.execute("DELETE FROM holders WHERE waiting = 0 AND finished = 0 AND kept = 0").rowcount
    return gone + connection.execute("DELETE FROM holdings WHERE tenant NOT IN (SELECT tenant FROM holders)").rowcount


def held(connection: sqlite3.Connection, integration_id: str) -> Held:
    """Return what the namespace of an integration keeps."""
    row = connection.execute(
        "SELECT tenant, waiting_bytes + ?2 * waiting, kept_bytes + ?3 * kept FROM holdings"
        " WHERE tenant = (SELECT tenant FROM holders WHERE integration_id = ?1)",
        (integration_id, WEBHOOK_ROW_BYTES, KEPT_ROW_BYTES),
    ).fetchone()
    return Held(integration_id, *(row or (integration_id, 0, 0)))


def require_webhook(connection: sqlite3.Connection, integration_id: str, limits: StoreLimits, levels: Levels) -> None:
    """Raise QuotaExceeded when a namespace has more webhooks waiting than it may: each of them is owed an answer."""
    now = held(connection, integration_id)
    if now.webhook_bytes > limits.tenant_webhook_bytes:
        raise _exceeded(now.tenant, Quota.WEBHOOKS)
    if levels.is_refused(connection, now.tenant, limits):
        raise _exceeded(now.tenant, Quota.STORE)


def require_incidents(
    connection: sqlite3.Connection, before: Held, *, is_new: bool, limits: StoreLimits, levels: Levels
) -> Counter[Quota]:
    """Make room for what incidents of an integration weigh more than before; return how many went, by quota.

    The oldest closed ones of the namespace go, with their notes. Raises QuotaExceeded when that is not enough for a new
    incident, or for evidence; what else changes of one, or of its note, is little and is owed to PagerDuty.
    """
    now = held(connection, before.integration_id)
    grown = now.incident_bytes - before.incident_bytes
    if grown <= 0:
        return Counter()
    quota, excess = Quota.INCIDENTS, now.incident_bytes - limits.tenant_incident_bytes
    room = excess + limits.tenant_incident_bytes // PUSHED_OUT_SHARE
    if excess <= 0:
        if not levels.is_refused(connection, now.tenant, limits):
            return Counter()
        quota, excess = Quota.STORE, grown
        room = grown
    gone = push_out(connection, now.tenant, room)
    is_enough = held(connection, before.integration_id).incident_bytes <= now.incident_bytes - excess
    if not is_enough and (is_new or grown > SLACK_BYTES):
        raise _exceeded(now.tenant, quota)
    return Counter({quota: gone})


def largest(connection: sqlite3.Connection, tenants: Iterable[str]) -> str | None:
    """Return whichever of the namespaces keeps most, of those with closed incidents of which nothing is to be sent."""
    rows = connection.execute(
        "SELECT tenant FROM holdings WHERE tenant IN (SELECT value FROM json_each(?)) ORDER BY kept_bytes DESC",
        (msgspec.json.encode(list(tenants)).decode(),),
    ).fetchall()
    return next((tenant for (tenant,) in rows if any(True for _ in _oldest(connection, tenant))), None)


def push_out(connection: sqlite3.Connection, tenant: str, size: int) -> int:
    """Delete a namespace's oldest closed incidents, as many as weigh so much; return how many."""
    over: list[Over] = []
    for row_id, revision, weight in _oldest(connection, tenant):
        if size <= 0 or len(over) == MOST_PUSHED_OUT:
            break
        over.append(Over(row_id, revision))
        size -= weight
    return retention.delete(connection, over)


def _oldest(connection: sqlite3.Connection, tenant: str) -> Iterator[tuple[int, int, int]]:
    """Yield what may go of a namespace, as `_closed` does."""
    holders = connection.execute(
        "SELECT integration_id FROM holders WHERE tenant = ? AND EXISTS"
        " (SELECT 1 FROM incidents WHERE incidents.integration_id = holders.integration_id AND is_open = 0) LIMIT ?",
        (tenant, HOLDERS_ASKED),
    ).fetchall()
    return merge(*(_closed(connection, holder) for (holder,) in holders))


def _closed(connection: sqlite3.Connection, integration_id: str) -> Iterator[tuple[int, int, int]]:
    """Yield row, revision and weight of closed incidents of which nothing is to be sent, the oldest first."""
    return connection.execute(
        "SELECT incidents.rowid, revision, length(incident) + coalesce(length(diagnosis), 0) + ? FROM incidents"
        " WHERE integration_id = ? AND is_open = 0 AND NOT EXISTS (SELECT 1 FROM notes WHERE is_unsent = 1"
        " AND notes.account IN (incidents.account, api_url, told_to) AND notes.incident_id = incidents.incident_id)"
        " ORDER BY incidents.rowid",
        (KEPT_ROW_BYTES, integration_id),
    )


def _exceeded(tenant: str, quota: Quota) -> QuotaExceeded:
    return QuotaExceeded(tenant, quota.value, PROBLEMS[quota], RETRY_AFTER_S)
