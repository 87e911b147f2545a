"""Which integration owns the note of an incident: the most specific scope, then the oldest, then by name."""

from collections.abc import Iterable, Mapping

from noctuary.incidents.sightings import Sighting
from noctuary.models.routing_record import RoutingRecord

_SPECIFICITY = {"service": 0, "team": 1, "account": 2}


def matches(record: RoutingRecord, seen: Sighting) -> bool:
    """Tell whether an incident is within an integration's scope."""
    if record.scope.type == "service":
        return record.scope.id == seen.service_id
    if record.scope.type == "team":
        return record.scope.id in seen.team_ids
    return True


def owner_of(
    seen: Sighting, origin: RoutingRecord, records: Iterable[RoutingRecord], hosts: Mapping[str, str]
) -> RoutingRecord:
    """Return the owner of an incident that `origin` was told of.

    Only integrations that may write compete, and those whose web host is known to be another account's do not.
    When none may write the incident stays with `origin`.
    """
    rivals = [
        record
        for record in records
        if record.writes_notes
        and record.api_url == origin.api_url
        and matches(record, seen)
        and _is_same_account(seen.host, hosts.get(record.id, ""))
    ]
    return min(rivals, key=_order, default=origin)


def _is_same_account(host: str, known: str) -> bool:
    return not host or not known or host == known


def _order(record: RoutingRecord) -> tuple[int, float, str, str]:
    return _SPECIFICITY.get(record.scope.type, 3), record.created_at, record.namespace, record.name
