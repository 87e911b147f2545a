"""Slots: how many incidents are worked at once, and how many of them may be of one integration and of one tenant."""

from collections import Counter
from collections.abc import Callable

from noctuary.routing.directory import RoutingDirectory
from noctuary.store.shares import Share


class Slots:
    """Bounded slots; of what a tenant may have, its integrations leave as much to each other."""

    def __init__(self, total: int, most: int, tenant_of: Callable[[str], str] = str) -> None:
        """Make so many slots, of which one integration gets `most` at most; it is a tenant by itself if not told."""
        self._total = total
        self._most = most
        self._tenant_of = tenant_of
        self._held: Counter[str] = Counter()
        self._held_by_tenant: Counter[str] = Counter()
        self._tenants: dict[str, str] = {}

    @property
    def free(self) -> int:
        """Return how many slots nobody holds."""
        return self._total - self._held.total()

    def share(self) -> Share:
        """Return what may be taken now."""
        return Share(self._most, dict(self._held), self.free, dict(self._held_by_tenant), self._tenant_of)

    def take(self, integration_id: str) -> None:
        """Hold a slot more for an integration."""
        tenant = self._tenants.setdefault(integration_id, self._tenant_of(integration_id))
        self._held[integration_id] += 1
        self._held_by_tenant[tenant] += 1

    def give_back(self, integration_id: str) -> None:
        """End one of an integration's holds."""
        tenant = self._tenants[integration_id]
        self._held[integration_id] -= 1
        self._held_by_tenant[tenant] -= 1
        if not self._held[integration_id]:
            del self._held[integration_id], self._tenants[integration_id]
        if not self._held_by_tenant[tenant]:
            del self._held_by_tenant[tenant]


def tenants_in(routing: RoutingDirectory) -> Callable[[str], str]:
    """Return how an integration's tenant is found: its namespace; one that is not loaded is a tenant by itself."""

    def tenant_of(integration_id: str) -> str:
        record = routing.get(integration_id)
        return f"namespace {record.namespace}" if record is not None else integration_id

    return tenant_of
