"""When anything was last seen of each service of a tenant, for as many services as a tenant may have."""

import sqlite3
from collections.abc import Collection, Mapping

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.store.sqlite.events.remembered import DATED_EVERY_S, Remembered

FORGOTTEN = ""
"""Stands for the services of a tenant whose rows are gone: nobody may say of another that it was never seen."""
KEEP_S = 30 * 86_400.0
"""After a month without an event a service's row goes; no window reaches back so far."""
KEEP_FORGOTTEN_S = 90 * 86_400.0
"""After so long without anything of a namespace it is taken for gone, and nothing is remembered of it."""
PUSHED_OUT_SHARE = 100
"""Of so many services one goes at once, so that those beyond the quota do not cost a search each."""


def newest(events: list[ContextEvent]) -> dict[tuple[str, str], float]:
    """Return when each service of each tenant was last seen in events."""
    found: dict[tuple[str, str], float] = {}
    for event in events:
        service = (event.tenant, event.service_name)
        found[service] = max(found.get(service, event.last_seen), event.last_seen)
    return found


def save(
    connection: sqlite3.Connection, seen: Mapping[tuple[str, str], float], remembered: Remembered
) -> list[tuple[str, str]]:
    """Date the services that are known, unless they were a moment ago; return those that are not known."""
    kept = remembered.services
    due = {service: at for service, at in seen.items() if service not in kept or at >= kept[service] + DATED_EVERY_S}
    if not due:
        return []
    remembered.has_changed = True
    dated = [(at, *service) for service, at in due.items()]
    statement = "UPDATE services SET last_event_at = max(last_event_at, ?) WHERE tenant = ? AND service_name = ?"
    unknown = []
    if connection.executemany(statement, dated).rowcount < len(dated):
        known = "SELECT 1 FROM services WHERE tenant = ? AND service_name = ?"
        unknown = [service for service in due if connection.execute(known, service).fetchone() is None]
    kept.update({service: at for service, at in due.items() if service not in unknown})
    return unknown


def count(connection: sqlite3.Connection, tenant: str) -> int:
    """Return how many services a tenant has."""
    row = connection.execute("SELECT services FROM tenants WHERE tenant = ?", (tenant,)).fetchone()
    return 0 if row is None else int(row[0])


def add(connection: sqlite3.Connection, tenant: str, name: str, at: float) -> None:
    """Add a service that is not known."""
    connection.execute("INSERT INTO services VALUES (?, ?, ?)", (tenant, name, at))
    if name == FORGOTTEN:
        return
    connection.execute(
        "INSERT INTO tenants VALUES (?, 1, 0) ON CONFLICT (tenant) DO UPDATE SET services = services + 1", (tenant,)
    )


def push_out(connection: sqlite3.Connection, tenant: str, limit: int) -> int:
    """Forget those services of a tenant that were seen least lately; return how many."""
    names = connection.execute(
        "SELECT tenant, service_name FROM services WHERE tenant = ? AND service_name <> ?"
        " ORDER BY last_event_at LIMIT ?",
        (tenant, FORGOTTEN, 1 + limit // PUSHED_OUT_SHARE),
    ).fetchall()
    return forget(connection, names)


def forget(connection: sqlite3.Connection, services: list[tuple[str, str]]) -> int:
    """Delete rows of services, and keep for each tenant when the latest of them was seen; return how many."""
    gone = 0
    for service in services:
        row = connection.execute(
            "DELETE FROM services WHERE tenant = ? AND service_name = ? RETURNING last_event_at", service
        ).fetchone()
        if row is not None:
            gone += 1
            _keep_time(connection, service[0], row[0])
    return gone


def _keep_time(connection: sqlite3.Connection, tenant: str, at: float) -> None:
    connection.execute("UPDATE tenants SET services = services - 1 WHERE tenant = ?", (tenant,))
    connection.execute(
        "INSERT INTO services VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET last_event_at = max(last_event_at, excluded.last_event_at)",
        (tenant, FORGOTTEN, at),
    )


def stale(connection: sqlite3.Connection, now: float, limit: int) -> list[tuple[str, str]]:
    """Return services of which nothing was seen for long."""
    return connection.execute(
        "SELECT tenant, service_name FROM services WHERE last_event_at < ? AND service_name <> ? LIMIT ?",
        (now - KEEP_S, FORGOTTEN, limit),
    ).fetchall()


def still_stale(connection: sqlite3.Connection, found: list[tuple[str, str]], now: float) -> list[tuple[str, str]]:
    """Return those services of which nothing was seen since they were found."""
    statement = "SELECT 1 FROM services WHERE tenant = ? AND service_name = ? AND last_event_at < ?"
    return [each for each in found if connection.execute(statement, (*each, now - KEEP_S)).fetchone() is not None]


def forget_gone(connection: sqlite3.Connection, living: Collection[str], now: float, limit: int) -> int:
    """Forget some namespaces of which nothing was seen for very long and nothing is kept; return how many rows went.

    Those with an integration (`living`), and those of which a service is known, keep that others were forgotten.
    """
    gone = connection.execute(
        "DELETE FROM services WHERE service_name = ?1 AND tenant IN"
        " (SELECT tenant FROM services WHERE service_name = ?1 AND last_event_at < ?2"
        " AND tenant NOT IN (SELECT value FROM json_each(?4)) AND NOT EXISTS"
        " (SELECT 1 FROM services AS named WHERE named.tenant = services.tenant AND named.service_name > ?1) LIMIT ?3)",
        (FORGOTTEN, now - KEEP_FORGOTTEN_S, limit, msgspec.json.encode(list(living)).decode()),
    ).rowcount
    empty = "SELECT tenant FROM tenants WHERE services = 0 AND unused_bytes = 0 LIMIT ?"
    return gone + connection.execute(f"DELETE FROM tenants WHERE tenant IN ({empty})", (limit,)).rowcount  # noqa: S608 - constants
