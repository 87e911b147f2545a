"""What an integration may see: an alert chooses within it, since anybody who can raise one writes its text."""

from collections.abc import Iterable, Iterator

from noctuary.models.evidence import AlertTarget
from noctuary.models.routing_record import RoutingRecord

NO_CONSENT = "this integration may not look at it"
NOT_MAPPED = "this integration does not map it"
MAX_TOLD = 3
"""Namespaces that are told as not looked at: an alert names one, mostly."""


def visible_namespaces(record: RoutingRecord) -> list[str]:
    """Return the namespaces that an integration may look at: its own, and the mapped ones that consent."""
    mapped = (namespace for mapping in record.services for namespace in mapping.namespaces)
    return list(dict.fromkeys((record.namespace, *mapped)))


def within(record: RoutingRecord, targets: Iterable[AlertTarget]) -> list[AlertTarget]:
    """Return the targets that lie in namespaces that may be seen, and those that name no namespace."""
    visible = ("", *visible_namespaces(record))
    return [target for target in targets if target.namespace in visible]


def not_visible(record: RoutingRecord, targets: Iterable[AlertTarget]) -> Iterator[str]:
    """Yield what alerts name and nobody looked at, and why."""
    visible = ("", *visible_namespaces(record))
    closed = {namespace for mapping in record.services for namespace in mapping.closed}
    hidden = dict.fromkeys(each.namespace for each in targets if each.namespace not in visible)
    for namespace in list(hidden)[:MAX_TOLD]:
        yield f"namespace {namespace}, which the alert names: {NO_CONSENT if namespace in closed else NOT_MAPPED}"
