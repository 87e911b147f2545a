"""What the other rooms ask of the loaded routing records."""

from collections.abc import Callable, Iterator
from typing import Protocol

from noctuary.models.routing_record import RoutingRecord


class RoutingDirectory(Protocol):
    """What the incident pipeline asks of the routing table."""

    def __iter__(self) -> Iterator[RoutingRecord]:
        """Iterate over all integrations."""

    def get(self, integration_id: str) -> RoutingRecord | None:
        """Return one integration."""

    def age_s(self) -> float:
        """Return the seconds since the table was last known to be current; infinite before it was loaded."""

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Call the listener with the id of each integration whose record changed or went."""
