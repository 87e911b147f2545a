"""Who is at a quota by what is kept: told after a start, when nobody knows what was met before."""

import sqlite3
from collections.abc import Iterator

from noctuary.store.limits import KEPT_ROW_BYTES, SUBJECT_ROW_BYTES, WEBHOOK_ROW_BYTES, Quota, StoreLimits
from noctuary.store.sqlite.bounds import holdings
from noctuary.store.sqlite.bounds.volume import Levels
from noctuary.store.sqlite.events import quotas

USUAL_WEBHOOK_BYTES = 16 * 1024
"""A body of a webhook with its row: where less is free the next one is refused."""


def full_holders(connection: sqlite3.Connection, limits: StoreLimits) -> dict[str, Quota]:
    """Return the tenants, and integrations, that have no room for what they would keep next; of several quotas one.

    Room that was just made for what pushes out others counts as none.
    """
    looks = (_of_names, _of_events, _of_incidents_and_webhooks, _of_integrations, _of_store)
    return {holder: quota for look in looks for holder, quota in look(connection, limits)}


def _of_names(connection: sqlite3.Connection, limits: StoreLimits) -> Iterator[tuple[str, Quota]]:
    nearly = limits.unused_subject_bytes - SUBJECT_ROW_BYTES
    for (tenant,) in connection.execute("SELECT tenant FROM tenants WHERE unused_bytes > ?", (nearly,)):
        yield tenant, Quota.SUBJECTS
    for (tenant,) in connection.execute("SELECT tenant FROM tenants WHERE services >= ?", (limits.tenant_services,)):
        yield tenant, Quota.SERVICES


def _of_events(connection: sqlite3.Connection, limits: StoreLimits) -> Iterator[tuple[str, Quota]]:
    sums = "SELECT tenant, sum(events), sum(bytes) FROM owners GROUP BY tenant HAVING sum(events) > 0"
    for tenant, events, size in connection.execute(sums):
        room = 1 + events // quotas.PUSHED_OUT_SHARE
        if events + room > limits.tenant_events:
            yield tenant, Quota.EVENTS
        elif size + room * (size // events) > limits.tenant_event_bytes:
            yield tenant, Quota.BYTES


def _of_incidents_and_webhooks(connection: sqlite3.Connection, limits: StoreLimits) -> Iterator[tuple[str, Quota]]:
    sums = "SELECT tenant, waiting_bytes + ? * waiting, kept_bytes + ? * kept, kept FROM holdings"
    for tenant, webhooks, incidents, count in connection.execute(sums, (WEBHOOK_ROW_BYTES, KEPT_ROW_BYTES)):
        made = 2 * limits.tenant_incident_bytes // holdings.PUSHED_OUT_SHARE
        if count and incidents + max(made, incidents // count) > limits.tenant_incident_bytes:
            yield tenant, Quota.INCIDENTS
        if webhooks + USUAL_WEBHOOK_BYTES > limits.tenant_webhook_bytes:
            yield tenant, Quota.WEBHOOKS


def _of_integrations(connection: sqlite3.Connection, limits: StoreLimits) -> Iterator[tuple[str, Quota]]:
    counts = "SELECT integration_id, waiting, waiting_bytes FROM holders WHERE waiting > 0"
    for integration_id, waiting, size in connection.execute(counts):
        if waiting >= limits.waiting_webhooks:
            yield integration_id, Quota.OWN_WEBHOOKS
        elif size + USUAL_WEBHOOK_BYTES > limits.waiting_webhook_bytes:
            yield integration_id, Quota.OWN_WEBHOOK_BYTES
    crowded = "SELECT integration_id FROM incidents GROUP BY integration_id HAVING count(*) >= ?"
    for (integration_id,) in connection.execute(crowded, (limits.incidents_per_integration,)):
        yield integration_id, Quota.OWN_INCIDENTS


def _of_store(connection: sqlite3.Connection, limits: StoreLimits) -> Iterator[tuple[str, Quota]]:
    tenants = connection.execute("SELECT tenant FROM holdings UNION SELECT tenant FROM owners").fetchall()
    for tenant in Levels().without_events(connection, {tenant for (tenant,) in tenants}, limits):
        yield tenant, Quota.STORE
