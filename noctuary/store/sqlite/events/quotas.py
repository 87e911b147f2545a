"""Which events a tenant may add: who posts beyond a quota is refused, the cluster's own push out the oldest.

Of a quota what was posted leaves the cluster's own events half, and these leave what was posted half: a flood of one
pushes out, or is refused for, what it brought itself. No tenant costs another anything.
"""

import sqlite3
from collections import Counter
from typing import NamedTuple

from noctuary.models.context_event import ContextEvent
from noctuary.store.limits import Quota, StoreLimits
from noctuary.store.sqlite.events import services
from noctuary.store.sqlite.events.ledger import STORED, Ledger, Owner, Stored
from noctuary.store.sqlite.events.remembered import Remembered

PUSHED_OUT_SHARE = 1_000
"""Of so many events one goes at once, so that an event beyond the quota does not cost a search of its own."""


class Item(NamedTuple):
    """An event with its JSON."""

    event: ContextEvent
    body: bytes


class Verdicts(NamedTuple):
    """The quota that each event met and was refused for (None: it may be added), and what was pushed out for others."""

    refused: list[Quota | None]
    pushed_out: Counter[tuple[str, Quota]]


class Admission:
    """Decides on the events of one transaction, in their order."""

    def __init__(
        self, connection: sqlite3.Connection, ledger: Ledger, limits: StoreLimits, remembered: Remembered
    ) -> None:
        self._connection = connection
        self._remembered = remembered
        self._ledger = ledger
        self._limits = limits
        self._pushed_out: Counter[tuple[str, Quota]] = Counter()
        self._admitted: set[tuple[str, str, str]] = set()

    def decide(self, items: list[Item], crowding: set[str]) -> Verdicts:
        """Decide on each, with the tenants that crowd the store; what was pushed out is counted by tenant."""
        unnamed = self._services(items)
        tight = self._tight(items)
        refused: list[Quota | None] = [None] * len(items)
        if unnamed or tight or crowding:
            planned: dict[str, Owner] = {}
            for place, item in enumerate(items):
                event = item.event
                if (event.tenant, event.service_name) in unnamed and _is_posted(event):
                    refused[place] = Quota.SERVICES
                elif event.tenant in crowding and not self._is_replaced(event):
                    refused[place] = Quota.STORE
                elif event.tenant in tight:
                    refused[place] = self._admit(item, planned)
        return Verdicts(refused, self._pushed_out)

    def _services(self, items: list[Item]) -> set[tuple[str, str]]:
        """Name or date the services of events; return those that are beyond their tenant's quota."""
        seen = services.newest([item.event for item in items])
        unknown = services.save(self._connection, seen, self._remembered)
        if not unknown:
            return set()
        of_cluster = {(each.event.tenant, each.event.service_name) for each in items if not _is_posted(each.event)}
        return {each for each in unknown if not self._name(each, seen[each], is_posted=each not in of_cluster)}

    def _name(self, service: tuple[str, str], at: float, *, is_posted: bool) -> bool:
        tenant, name = service
        limit = self._limits.tenant_services
        if services.count(self._connection, tenant) >= limit:
            if is_posted:
                return False
            self._remembered.services.clear()
            self._pushed_out[tenant, Quota.SERVICES] += services.push_out(self._connection, tenant, limit)
        services.add(self._connection, tenant, name, at)
        return True

    def _tight(self, items: list[Item]) -> set[str]:
        """Return the tenants that would be above a quota if all their events were new ones."""
        events, sizes = Counter[str](), Counter[str]()
        for item in items:
            events[item.event.tenant] += 1
            sizes[item.event.tenant] += len(item.body)
        return {tenant for tenant in events if self._exceeded(tenant, events[tenant], sizes[tenant])}

    def _exceeded(self, tenant: str, events: int, size: int) -> Quota | None:
        owners = self._ledger.sources(tenant).values()
        if sum(owner.events for owner in owners) + events > self._limits.tenant_events:
            return Quota.EVENTS
        if sum(owner.bytes for owner in owners) + size > self._limits.tenant_event_bytes:
            return Quota.BYTES
        return None

    def _admit(self, item: Item, planned: dict[str, Owner]) -> Quota | None:
        """Make room for an event; return the quota that leaves none."""
        tenant = item.event.tenant
        plan = planned.setdefault(tenant, Owner(0))
        key = (tenant, item.event.source, item.event.dedup_key)
        is_new = key not in self._admitted and not self._is_known(item.event)
        while quota := self._exceeded(tenant, plan.events + is_new, plan.bytes + len(item.body)):
            loser = self._loser(item.event, quota)
            if loser is None or not self._push_out(tenant, loser, quota):
                return quota
        plan.events += is_new
        plan.bytes += len(item.body)
        self._admitted.add(key)
        return None

    def _is_replaced(self, event: ContextEvent) -> bool:
        """Tell whether an event takes no more room: the cluster's own push out those of theirs that expire first."""
        if self._is_known(event):
            return True
        return not _is_posted(event) and self._push_out(event.tenant, event.source, Quota.STORE) > 0

    def _is_known(self, event: ContextEvent) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM events WHERE tenant = ? AND source = ? AND dedup_key = ?",
            (event.tenant, event.source, event.dedup_key),
        )
        return found.fetchone() is not None

    def _loser(self, event: ContextEvent, quota: Quota) -> str | None:
        """Return the source that gives way: the event's own, or another that has more than its half."""
        half = self._limits.of(quota) // 2
        used = {source: _used(owner, quota) for source, owner in self._ledger.sources(event.tenant).items()}
        others = {source: amount for source, amount in used.items() if source != event.source}
        if used.get(event.source, 0) < half and any(amount > half for amount in others.values()):
            return max(others, key=lambda source: others[source])
        return None if _is_posted(event) else event.source

    def _push_out(self, tenant: str, source: str, quota: Quota) -> int:
        """Delete those events of a source that would be the first to expire; return how many."""
        owner = self._ledger.owner(tenant, source)
        rows = self._connection.execute(
            f"SELECT {STORED} FROM events WHERE row_id IN"  # noqa: S608 - a constant
            " (SELECT row_id FROM expiries WHERE owner_id = ? ORDER BY expires_at LIMIT ?)",
            (owner.id, 1 + owner.events // PUSHED_OUT_SHARE),
        )
        gone = self._ledger.delete([Stored(*row) for row in rows])
        self._pushed_out[tenant, quota] += gone
        return gone


def _used(owner: Owner, quota: Quota) -> int:
    return owner.bytes if quota is Quota.BYTES else owner.events


def _is_posted(event: ContextEvent) -> bool:
    return event.object is None
