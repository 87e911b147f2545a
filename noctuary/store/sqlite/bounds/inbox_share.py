"""How many webhooks of one integration may wait, and how many ids of worked ones it and its namespace keep."""

import sqlite3

from noctuary.common.errors import QuotaExceeded
from noctuary.store.limits import Quota, StoreLimits
from noctuary.store.sqlite.bounds.holdings import RETRY_AFTER_S

KEEP_FINISHED_S = 72 * 3600
"""PagerDuty repeats a delivery for up to 48 h; until well after that a repetition must be recognised."""


def require(connection: sqlite3.Connection, integration_id: str, limits: StoreLimits) -> None:
    """Raise QuotaExceeded when more of an integration waits than may."""
    waiting, size = connection.execute(
        "SELECT waiting, waiting_bytes FROM holders WHERE integration_id = ?", (integration_id,)
    ).fetchone() or (0, 0)
    for quota, held in ((Quota.OWN_WEBHOOKS, waiting), (Quota.OWN_WEBHOOK_BYTES, size)):
        if held > limits.of(quota):
            problem = "Too many webhooks of this integration wait"
            raise QuotaExceeded(integration_id, quota.value, problem, RETRY_AFTER_S)


def stale(connection: sqlite3.Connection, now: float, limits: StoreLimits, limit: int) -> list[int]:
    """Return worked webhooks of which no repetition can come any more, and those beyond a share of theirs."""
    found = [
        row_id
        for (row_id,) in connection.execute(
            "SELECT id FROM inbox WHERE finished_at <= ? LIMIT ?", (now - KEEP_FINISHED_S, limit)
        )
    ]
    for integration_id, excess in _crowded(connection, limits):
        rows = connection.execute(
            "SELECT id FROM inbox WHERE finished_at IS NOT NULL AND integration_id = ?"
            " ORDER BY finished_at, id LIMIT ?",
            (integration_id, min(excess, max(0, limit - len(found)))),
        )
        found += [row_id for (row_id,) in rows]
    return found


def _crowded(connection: sqlite3.Connection, limits: StoreLimits) -> list[tuple[str, int]]:
    """Return who keeps too many ids of worked webhooks, and how many: of a namespace whoever has most."""
    crowded: dict[str, int] = dict(
        connection.execute(
            "SELECT integration_id, finished - ?1 FROM holders WHERE finished > ?1", (limits.finished_webhooks,)
        ).fetchall()
    )
    of_tenants = connection.execute(
        "SELECT tenant, finished - ?1 FROM holdings WHERE finished > ?1", (limits.tenant_finished_webhooks,)
    ).fetchall()
    for tenant, excess in of_tenants:
        holder, finished = connection.execute(
            "SELECT integration_id, max(finished) FROM holders WHERE tenant = ?", (tenant,)
        ).fetchone()
        crowded[holder] = max(crowded.get(holder, 0), min(excess, finished))
    return list(crowded.items())


def delete(connection: sqlite3.Connection, row_ids: list[int]) -> int:
    """Delete worked webhooks; return how many."""
    return connection.executemany(
        "DELETE FROM inbox WHERE id = ? AND finished_at IS NOT NULL", [(row_id,) for row_id in row_ids]
    ).rowcount


def worked_since(connection: sqlite3.Connection, after_id: int, limit: int) -> list[int]:
    """Return worked webhooks after an id, in the order of their ids."""
    rows = connection.execute(
        "SELECT id FROM inbox WHERE finished_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?", (after_id, limit)
    )
    return [row_id for (row_id,) in rows]


def drop_bodies(connection: sqlite3.Connection, row_ids: list[int]) -> int:
    """Drop the bodies that releases of before kept of worked webhooks; return of how many."""
    return connection.executemany(
        "UPDATE inbox SET body = x'' WHERE id = ? AND finished_at IS NOT NULL", [(row_id,) for row_id in row_ids]
    ).rowcount
