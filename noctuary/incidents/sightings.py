"""The state of an incident from events that may come late, twice or in any order: an older event never wins."""

from urllib.parse import urlsplit

import msgspec

from noctuary.common.text import clean
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import Scope
from noctuary.pagerduty.objects import Incident
from noctuary.pagerduty.webhook import MAX_AHEAD_S, IncidentData, Reference, WebhookEvent, time_or

RANK = {"triggered": 0, "acknowledged": 1, "resolved": 2}
LISTING_PRECISION_S = 1.0
"""The incidents list gives times cut to the second, webhooks give milliseconds."""
SAME_REOPENING_S = 2.0
"""A webhook tells its time to the millisecond, the log of the incident to the second, and neither by the same clock."""
SETTLED_S = 60.0
"""A list tells of a move only when nothing else was told so shortly before: PagerDuty's clock is not ours."""
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
        triggered_at=event.occurred_at if event.event_type == "incident.triggered" else created_at,
        acknowledged_at=event.occurred_at if is_ack else None,
        acknowledged_by=agent if is_ack else None,
        resolved_at=event.occurred_at if is_resolve else None,
        resolved_by=agent if is_resolve else None,
        reopened_at=_reopened_at(event, data, created_at),
    )


def _reopened_at(event: WebhookEvent, data: IncidentData, created_at: float) -> float | None:
    """Read when an incident was last reopened; the event of a reopening tells it by its own time, too."""
    otherwise = event.occurred_at if event.event_type == "incident.reopened" else 0.0
    at = min(time_or(data.reopened_at, otherwise), event.occurred_at)
    return at if at > created_at else None


def sighting_of_listing(incident: Incident, asked_at: float) -> Sighting:
    """Read what the incidents list tells."""
    created_at = time_or(incident.created_at, asked_at)
    changed_at = time_or(incident.last_status_change_at, created_at)
    status = incident.status if incident.status in RANK else "triggered"
    ack = incident.acknowledgements[0] if incident.acknowledgements else None
    by = _name(incident.last_status_change_by)
    resolved_at = time_or(incident.resolved_at, changed_at) if status == "resolved" else None
    return Sighting(
        incident_id=incident.id[:_MAX_ID_CHARS],
        at=changed_at,
        status=status or "triggered",
        is_exact=False,
        number=incident.incident_number or 0,
        title=clean(incident.title or "", _MAX_TITLE_CHARS),
        html_url=(incident.html_url or "")[:_MAX_URL_CHARS],
        service_id=incident.service.id[:_MAX_ID_CHARS] if incident.service else "",
        service_name=_name(incident.service) or "",
        team_ids=_ids(incident.teams),
        urgency=(incident.urgency or "")[:_MAX_URGENCY_CHARS],
        triggered_at=created_at,
        acknowledged_at=time_or(ack.at, changed_at) if ack else None,
        acknowledged_by=_name(ack.acknowledger) if ack else None,
        resolved_at=resolved_at,
        resolved_by=by if resolved_at is not None else None,
        asked_at=asked_at,
    )


def apply_sighting(row: IncidentRow | None, seen: Sighting, api_url: str, integration_id: str) -> IncidentRow:
    """Return the incident as it is known after a sighting; what is older only fills in what was not known yet."""
    if row is None:
        row = IncidentRow(api_url=api_url, incident_id=seen.incident_id, integration_id=integration_id)
        row.triggered_at = seen.triggered_at
        is_newer = True
    else:
        row = msgspec.structs.replace(row)
        is_newer = _is_newer(row, seen)
    _fill_in(row, seen, is_newer=is_newer)
    if is_newer:
        row.status = seen.status
        _forget_what_ended(row)
    row.last_event_at = seen.at if _is_ahead(row, seen) else max(row.last_event_at, seen.at)
    return row


def believed(row: IncidentRow, seen: Sighting, scope: Scope) -> IncidentRow:
    """Return a confirmed incident after a webhook of its integration told of it.

    Its state is believed. A move is not, nor one into or out of the team of its scope: where it is decides who writes
    its note, so PagerDuty is asked.
    """
    is_moved = seen.at > row.last_event_at and (_is_elsewhere(row, seen) or _is_another_teams(row, seen, scope))
    state = msgspec.structs.replace(seen, service_id="", service_name="")
    found = apply_sighting(row, state, row.api_url, row.integration_id)
    found.is_doubted = row.is_doubted or is_moved
    return found


def _is_elsewhere(row: IncidentRow, seen: Sighting) -> bool:
    return bool(seen.service_id) and seen.service_id != row.service_id


def _is_another_teams(row: IncidentRow, seen: Sighting, scope: Scope) -> bool:
    is_told = scope.type == "team" and bool(seen.team_ids)
    return is_told and (scope.id in seen.team_ids) != (scope.id in row.team_ids)


def confirmed(row: IncidentRow, seen: Sighting) -> IncidentRow:
    """Return an incident as PagerDuty showed it to the integration's own token: it overrules all that was claimed.

    A reopening is told by webhooks only, as is who had acknowledged what is over: kept where the answer allows it.
    """
    known = IncidentRow(
        integration_id=row.integration_id,
        incident_id=row.incident_id,
        api_url=row.api_url,
        diagnosis=row.diagnosis,
        revision=row.revision,
    )
    found = apply_sighting(known, seen, row.api_url, row.integration_id)
    found.last_event_at, found.triggered_at = _exact_time(row, seen), seen.triggered_at
    found.status, found.team_ids = seen.status, seen.team_ids
    found.account, found.confirmed_at = account_of(seen.html_url), seen.asked_at
    reopened_at = row.reopened_at if seen.reopened_at is None else seen.reopened_at
    if reopened_at is not None and seen.triggered_at < reopened_at <= seen.at + SAME_REOPENING_S:
        found.reopened_at = reopened_at
    taken_at = row.acknowledged_at
    if seen.status == "resolved" and taken_at is not None and seen.triggered_at <= taken_at <= seen.at:
        found.acknowledged_at, found.acknowledged_by = taken_at, row.acknowledged_by
    found.is_doubted = row.last_event_at > seen.at + LISTING_PRECISION_S and row.status != seen.status
    _forget_what_ended(found)
    return found


def _exact_time(row: IncidentRow, seen: Sighting) -> float:
    """Return when an answer's state began: the answer is cut to the second, a webhook tells it to the millisecond."""
    is_same = row.status == seen.status and 0 <= row.last_event_at - seen.at < LISTING_PRECISION_S
    return row.last_event_at if is_same else seen.at


def _is_ahead(row: IncidentRow, seen: Sighting) -> bool:
    """Tell whether what is known lies ahead of now: no clock is that wrong, so PagerDuty's answer overrules it."""
    return seen.is_asked and row.last_event_at > seen.asked_at + MAX_AHEAD_S


def _is_newer(row: IncidentRow, seen: Sighting) -> bool:
    if _is_ahead(row, seen):
        return True
    if seen.at > row.last_event_at:
        return True
    if seen.asked_at > row.last_event_at + SETTLED_S:  # all has arrived by then: the list knows what holds
        return seen.status != row.status
    if not seen.is_exact and seen.status == "resolved" and (row.reopened_at or 0.0) >= seen.at:
        return False  # cut to the second: it was reopened in the same one
    precision_s = 0.0 if seen.is_exact else LISTING_PRECISION_S
    return seen.at + precision_s >= row.last_event_at and RANK[seen.status] > RANK.get(row.status, 0)


def _fill_in(row: IncidentRow, seen: Sighting, *, is_newer: bool) -> None:
    """Take over what was told, where it is newer or nothing was known."""
    for name in ("number", "title", "html_url", "service_id", "service_name", "urgency"):
        told = getattr(seen, name)
        if told and (is_newer or not getattr(row, name)):
            setattr(row, name, told)
    if seen.service_id and seen.asked_at > row.last_event_at + SETTLED_S:
        row.service_id, row.service_name = seen.service_id, seen.service_name
    if seen.is_asked:
        row.team_ids = seen.team_ids
    if seen.triggered_at and (not row.triggered_at or seen.triggered_at < row.triggered_at):
        row.triggered_at = seen.triggered_at
    if seen.reopened_at is not None and seen.reopened_at > (row.reopened_at or 0.0) + SAME_REOPENING_S:
        row.reopened_at = seen.reopened_at
    if seen.acknowledged_at is not None and (is_newer or row.acknowledged_at is None):
        row.acknowledged_at, row.acknowledged_by = seen.acknowledged_at, seen.acknowledged_by
    if seen.resolved_at is not None and (is_newer or (row.resolved_at is None and row.status == "resolved")):
        row.resolved_at, row.resolved_by = seen.resolved_at, seen.resolved_by


def _forget_what_ended(row: IncidentRow) -> None:
    if row.status == "triggered":
        row.acknowledged_at = row.acknowledged_by = None
    if row.status != "resolved":
        row.resolved_at = row.resolved_by = None
    elif row.resolved_at is None:
        row.resolved_at = row.last_event_at or row.triggered_at


def _ids(references: list[Reference] | None) -> list[str]:
    return [each.id[:_MAX_ID_CHARS] for each in (references or [])[:_MAX_TEAMS]]


def _name(reference: Reference | None) -> str | None:
    return clean(reference.summary, _MAX_NAME_CHARS) if reference is not None and reference.summary else None
