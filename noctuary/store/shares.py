"""What work can be claimed, and how much of it by whom."""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec


class Work(StrEnum):
    """What can be claimed, so that two workers of one store do not do the same."""

    WEBHOOK = "webhook"
    NOTE = "note"
    RECHECK = "recheck"
    BACKFILL = "backfill"
    VISIT = "visit"


class Share(msgspec.Struct, frozen=True):
    """How much of one integration may be claimed: at most `each`, less what its asker is at already (`working`).

    A tenant may have as much as stays free, whatever its integrations: so none of many takes what another one needs.
    """

    each: int = 1_000_000
    working: Mapping[str, int] = {}
    free: int = 4_000_000
    working_of_tenant: Mapping[str, int] = {}
    tenant_of: Callable[[str], str] = str

    def room(self, integration_id: str) -> int:
        """Return how much more of an integration may be claimed."""
        of_tenant = self.room_of_tenant(self.tenant_of(integration_id))
        may_hold = max(1, min(self.each, of_tenant // 2))
        return min(of_tenant, may_hold - self.working.get(integration_id, 0))

    def room_of_tenant(self, tenant: str) -> int:
        """Return how much more of all integrations of a tenant may be claimed: one that has nothing may have one."""
        held = self.working_of_tenant.get(tenant, 0)
        return max((self.free - held) // 2, int(held == 0 and self.free > 0))


WHOLE = Share()
"""All there is may be of one integration."""
