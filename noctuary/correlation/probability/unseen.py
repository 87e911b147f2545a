"""The features of `what was not seen`: how much there is that may hold the cause and was not looked at."""

from collections.abc import Callable
from typing import NamedTuple

from noctuary.models.diagnosis import IncidentContext, Relation


class Lack(NamedTuple):
    """One thing that may have hidden the cause, in words, and whether it did."""

    name: str
    holds: Callable[[IncidentContext], bool]
    says: str


def _is_partly_unread(context: IncidentContext) -> bool:
    own = {service.name for service in context.services if service.relation is Relation.OWN}
    return context.pods is not None and not own.isdisjoint(context.unread_services or [])


def _was_never_heard_of(context: IncidentContext) -> bool:
    return context.last_event_at is None and not context.events


def _is_closed(context: IncidentContext) -> bool:
    return any(service.closed for service in context.services)


LACKS = [
    Lack("always", lambda _context: True, "not all that changes is watched"),
    Lack("pods_unread", lambda context: context.pods is None, "no pod was read"),
    Lack("services_unread", _is_partly_unread, "pods of some services were not read"),
    Lack("never_heard", _was_never_heard_of, "no event was ever seen of the service"),
    Lack("closed", _is_closed, "a namespace may not be looked at"),
]
