"""What an integration maps and may not look at, because a namespace does not consent."""

from collections.abc import Iterable

from noctuary.models.diagnosis import ServiceView


def not_open(services: Iterable[ServiceView]) -> list[str]:
    """Return what of services nobody may look at, and why."""
    return [f"{each.name} in {namespace} ({why})" for each in services for namespace, why in each.closed.items()]


def closed_services(services: Iterable[ServiceView]) -> list[str]:
    """Return the services of which a part or all may not be looked at: what is not seen of them may be there."""
    return [service.name for service in services if service.closed]
