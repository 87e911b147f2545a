"""What was told about an incident at one time, by a webhook or by PagerDuty's API."""

from urllib.parse import urlsplit

import msgspec

from noctuary.common.text import clean
from noctuary.pagerduty.objects import Incident
from noctuary.pagerduty.webhook import IncidentData, Reference, WebhookEvent, read_time, time_or

RANK = {"triggered": 0, "acknowledged": 1, "resolved": 2}
_STATUS_OF_EVENT = {
    "incident.acknowledged": "acknowledged",
    "incident.resolved": "resolved",
}
_MAX_ID_CHARS = 64
_MAX_TITLE_CHARS = 300
_MAX_URL_CHARS = 500
_MAX_NAME_CHARS = 120
_MAX_URGENCY_CHARS = 16
_MAX_TEAMS = 100


class Sighting(msgspec.Struct, frozen=True):
    """What was told about an incident at one time, by a webhook or by PagerDuty's API; empty and None: not told."""

    incident_id: str
    at: float
    status: str
    is_exact: bool
    number: int = 0
    title: str = ""
    html_url: str = ""
    service_id: str = ""
    service_name: str = ""
    team_ids: list[str] = []
    urgency: str = ""
    triggered_at: float = 0.0
    is_start_told: bool = True
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    reopened_at: float | None = None
    asked_at: float = 0.0
    """When the API was asked: its service is of then, however old its status is; 0: a webhook told it."""

    @property
    def is_asked(self) -> bool:
        """Whether PagerDuty answered it to a token, and nobody merely told it."""
        return self.asked_at > 0


def account_of(html_url: str | None) -> str:
    """Return the web host in an answer of PagerDuty's API, which names the account; empty when there is none."""
    try:
        return urlsplit(html_url or "").hostname or ""
    except ValueError:
        return ""


def sighting_of_event(event: WebhookEvent, data: IncidentData) -> Sighting:
    """Read what a webhook tells."""
    status = data.status if data.status in RANK else _STATUS_OF_EVENT.get(event.event_type, "triggered")
    is_ack, is_resolve = event.event_type == "incident.acknowledged", event.event_type == "incident.resolved"
    agent = _name(event.agent)
    created_at = min(time_or(data.created_at, event.occurred_at), event.occurred_at)
    is_trigger = event.event_type == "incident.triggered" and event.is_dated
    return Sighting(
        incident_id=data.id[:_MAX_ID_CHARS],
        at=event.occurred_at,
        status=status,
        is_exact=True,
        number=data.number or 0,
        title=clean(data.title or "", _MAX_TITLE_CHARS),
        html_url=(data.html_url or "")[:_MAX_URL_CHARS],
        service_id=data.service.id[:_MAX_ID_CHARS] if data.service else "",
        service_name=_name(data.service) or "",
        team_ids=_ids(data.teams),
        urgency=(data.urgency or "")[:_MAX_URGENCY_CHARS],
        triggered_at=event.occurred_at if is_trigger else created_at,
        is_start_told=is_trigger or read_time(data.created_at) is not None,
        acknowledged_at=event.occurred_at if is_ack else None,
        acknowledged_by=agent if is_ack else None,
        resolved_at=event.occurred_at if is_resolve else None,
        resolved_by=agent if is_resolve else None,
        reopened_at=_reopened_at(event, data, created_at),
    )


def _reopened_at(event: WebhookEvent, data: IncidentData, created_at: float) -> float | None:
    """Read when an incident was last reopened; the event of a reopening tells it by its own time, too."""
    is_reopening = event.event_type == "incident.reopened"
    at = min(time_or(data.reopened_at, event.occurred_at if is_reopening else 0.0), event.occurred_at)
    if is_reopening and event.occurred_at - at < 1:
        at = event.occurred_at  # the incident's own field is cut to the second, and would be before its resolution
    return at if at > created_at else None


def sighting_of_listing(incident: Incident, asked_at: float) -> Sighting:
    """Read what the incidents list tells."""
    created = read_time(incident.created_at)
    changed_at = time_or(incident.last_status_change_at, asked_at if created is None else created)
    created_at = changed_at if created is None else created
    status = _status_of(incident)
    ack = incident.acknowledgements[0] if incident.acknowledgements else None
    by = _name(incident.last_status_change_by)
    resolved_at = read_time(incident.resolved_at or incident.last_status_change_at) if status == "resolved" else None
    return Sighting(
        incident_id=incident.id[:_MAX_ID_CHARS],
        at=changed_at,
        status=status,
        is_exact=False,
        number=incident.incident_number or 0,
        title=clean(incident.title or "", _MAX_TITLE_CHARS),
        html_url=(incident.html_url or "")[:_MAX_URL_CHARS],
        service_id=incident.service.id[:_MAX_ID_CHARS] if incident.service else "",
        service_name=_name(incident.service) or "",
        team_ids=_ids(incident.teams),
        urgency=(incident.urgency or "")[:_MAX_URGENCY_CHARS],
        triggered_at=created_at,
        is_start_told=created is not None,
        acknowledged_at=time_or(ack.at, changed_at) if ack else None,
        acknowledged_by=_name(ack.acknowledger) if ack else None,
        resolved_at=resolved_at,
        resolved_by=by if status == "resolved" else None,
        asked_at=asked_at,
    )


def _status_of(incident: Incident) -> str:
    """Return an incident's status; what goes with a status tells it, too."""
    if incident.status is not None and incident.status in RANK:
        return incident.status
    if incident.resolved_at:
        return "resolved"
    return "acknowledged" if incident.acknowledgements else "triggered"


def _ids(references: list[Reference] | None) -> list[str]:
    return [each.id[:_MAX_ID_CHARS] for each in (references or [])[:_MAX_TEAMS] if each.id]


def _name(reference: Reference | None) -> str | None:
    return clean(reference.summary, _MAX_NAME_CHARS) if reference is not None and reference.summary else None
