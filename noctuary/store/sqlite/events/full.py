"""Which tenants are at a quota by what they keep: told after a start, when nobody knows what was met before."""

import sqlite3

from noctuary.store.limits import SUBJECT_ROW_BYTES, Quota, StoreLimits
from noctuary.store.sqlite.events.quotas import PUSHED_OUT_SHARE


def full_tenants(connection: sqlite3.Connection, limits: StoreLimits) -> dict[str, Quota]:
    """Return the tenants that have no room for another event of theirs, or for another service's name.

    Room that was just made for what pushes out others counts as none.
    """
    found: dict[str, Quota] = {}
    nearly = limits.unused_subject_bytes - SUBJECT_ROW_BYTES
    for (tenant,) in connection.execute("SELECT tenant FROM tenants WHERE unused_bytes > ?", (nearly,)):
        found[tenant] = Quota.SUBJECTS
    for (tenant,) in connection.execute("SELECT tenant FROM tenants WHERE services >= ?", (limits.tenant_services,)):
        found[tenant] = Quota.SERVICES
    sums = "SELECT tenant, sum(events), sum(bytes) FROM owners GROUP BY tenant HAVING sum(events) > 0"
    for tenant, events, size in connection.execute(sums):
        room = 1 + events // PUSHED_OUT_SHARE
        if events + room > limits.tenant_events:
            found[tenant] = Quota.EVENTS
        elif size + room * (size // events) > limits.tenant_event_bytes:
            found[tenant] = Quota.BYTES
    return found
