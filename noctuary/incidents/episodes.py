"""Whether an incident is another one than was diagnosed: it was moved to another service, or reopened since."""

from noctuary.incidents.told.states import SAME_REOPENING_S
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow


def is_another_episode(known: Evidence | None, row: IncidentRow, before: IncidentRow) -> bool:
    """Tell whether what was diagnosed does not hold for an incident as it is now; evidence of old names no service.

    What is moved after it was resolved keeps the answer of the service that it happened on.
    """
    if known is None or not known.looked_at:
        diagnosed_service, diagnosed_reopening = before.service_id, before.reopened_at
    else:
        diagnosed_service, diagnosed_reopening = known.service_id, known.reopened_at
    is_moved = bool(diagnosed_service) and row.service_id != diagnosed_service
    is_reopened = (row.reopened_at or 0.0) > (diagnosed_reopening or 0.0) + SAME_REOPENING_S
    return is_reopened or (is_moved and row.status != "resolved")


def is_confirmed_late(row: IncidentRow, before: IncidentRow | None) -> bool:
    """Tell whether PagerDuty confirms only now what was stored as a claim before."""
    return row.confirmed_at is not None and before is not None and before.confirmed_at is None
