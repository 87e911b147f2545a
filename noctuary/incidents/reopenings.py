"""When an incident that was found by comparison was reopened: its log tells, the list does not."""

import msgspec
import structlog

from noctuary.common.errors import PagerDutyError
from noctuary.incidents.told.sightings import Sighting
from noctuary.models.incident import IncidentRow
from noctuary.pagerduty.client import PagerDutyClient
from noctuary.pagerduty.objects import LogEntry
from noctuary.pagerduty.webhook import time_or

log = structlog.get_logger()

_RESOLVE = "resolve_log_entry"
_OPENS = frozenset(
    {
        "reopen_log_entry",
        "trigger_log_entry",
        "unacknowledge_log_entry",
        "acknowledge_log_entry",
        "assign_log_entry",
        "escalate_log_entry",
        "delegate_log_entry",
    }
)
"""What is written when an incident is open again. The schema that PagerDuty publishes has no entry of a reopening by
name; the first of these after the last resolution is one (who reopens assigns anew). Notes and fields may change while
an incident is resolved."""
MOMENT_S = 2.0
"""Times of the list are cut to the second: a status that changed so soon was set when the incident was made."""


async def with_reopening(client: PagerDutyClient, known: IncidentRow | None, seen: Sighting) -> Sighting:
    """Return what the list told with the time of a reopening that no webhook told of, if there was one."""
    if not _may_be_reopened(known, seen):
        return seen
    try:
        at = reopened_at(await client.log_entries(seen.incident_id))
    except PagerDutyError as error:
        log.info("The log of an incident could not be read", incident=seen.incident_id, error=str(error))
        at = seen.at if known is not None or seen.status == "triggered" else None
    else:
        at = seen.at if at is None and known is not None else at
    return seen if at is None else msgspec.structs.replace(seen, reopened_at=at)


def reopened_at(entries: list[LogEntry]) -> float | None:
    """Return when an incident was opened again after its last resolution; None when it never was."""
    dated = sorted((time_or(entry.created_at, 0.0), entry.type == _RESOLVE, entry.type) for entry in entries)
    resolved = max((at for at, is_end, _ in dated if is_end), default=None)
    if resolved is None:
        return None
    return next((at for at, _, kind in dated if kind in _OPENS and at >= resolved), None)


def _may_be_reopened(known: IncidentRow | None, seen: Sighting) -> bool:
    if seen.status == "resolved" or seen.at <= seen.triggered_at + MOMENT_S:
        return False
    return known is None or (known.status == "resolved" and seen.at > known.last_event_at)
