"""Which integrations are suspended, and when they were resumed: what was held meanwhile is treated otherwise."""

from collections.abc import Callable

from noctuary.common import clock
from noctuary.routing.directory import RoutingDirectory
from noctuary.routing.forgetting import Forgetting


class Suspensions:
    """Follows the routing table; tells `on_resume` the id of each integration that was resumed."""

    def __init__(self, routing: RoutingDirectory, on_resume: Callable[[str], None]) -> None:
        self._routing = routing
        self._on_resume = on_resume
        self._resumed_at: dict[str, float] = {}
        self._suspended = {record.id for record in routing if record.suspend}
        routing.subscribe(self._changed)
        Forgetting(routing, self._resumed_at)

    def resumed_at(self, integration_id: str) -> float | None:
        """Return when an integration was resumed; None when it never was since we started, or by a clock ahead."""
        at = self._resumed_at.get(integration_id)
        return at if at is not None and at <= clock.now() else None

    def _changed(self, integration_id: str) -> None:
        record = self._routing.get(integration_id)
        if record is None:
            self._suspended.discard(integration_id)
        elif record.suspend:
            self._suspended.add(integration_id)
        elif integration_id in self._suspended:
            self._suspended.discard(integration_id)
            self._resumed_at[integration_id] = clock.now()
            self._on_resume(integration_id)
