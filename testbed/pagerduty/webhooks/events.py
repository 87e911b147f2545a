"""V3 webhook events: the envelope, and the data of the kinds we can cause."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from testbed.pagerduty.account import ids
from testbed.pagerduty.account.model import Incident, Note, Service, Team, User
from testbed.pagerduty.api.render import Renderer

TRIMMED_NOTE_BYTES = 32_768
"""Longer notes are shortened in the webhook; the real threshold is not published."""


@dataclass(frozen=True)
class Event:
    """Something that happened, as a subscriber hears of it."""

    id: str
    event_type: str
    resource_id: str
    service_id: str | None
    team_ids: tuple[str, ...]
    payload: dict[str, Any]


def make_event(
    event_type: str,
    data: dict[str, Any],
    agent: dict[str, Any] | None,
    now: datetime,
    service: Service | None,
    teams: Iterable[Team] = (),
) -> Event:
    """Wrap data into the envelope; the resource id decides which deliveries must stay in order."""
    event_id = ids.event_id()
    envelope = {
        "id": event_id,
        "event_type": event_type,
        "resource_type": event_type.partition(".")[0],
        "occurred_at": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "agent": agent,
        "client": None,
        "data": data,
    }
    resource_id = str(data.get("incident", data).get("id", event_id))
    team_ids = tuple(team.id for team in teams)
    return Event(event_id, event_type, resource_id, service.id if service else None, team_ids, {"event": envelope})


def incident_data(render: Renderer, incident: Incident) -> dict[str, Any]:
    """Return what a webhook tells of an incident: no alerts, no details, no description."""
    assignee = incident.assignee
    reference = render.incident_reference(incident)
    return {
        "id": incident.id,
        "type": "incident",
        "self": reference["self"],
        "html_url": reference["html_url"],
        "number": incident.number,
        "status": str(incident.status),
        "incident_key": incident.incident_key,
        "created_at": _to_the_second(incident.created_at),
        "reopened_at": _to_the_second(incident.reopened_at) if incident.reopened_at else None,
        "title": incident.title,
        "incident_type": {"name": "incident_default"},
        "service": render.service_reference(incident.service),
        "assignees": [render.user_reference(assignee)] if assignee else [],
        "escalation_policy": render.escalation_policy(),
        "teams": render.team_references(incident.teams),
        "priority": None,
        "urgency": incident.urgency,
        "conference_bridge": None,
        "resolve_reason": None,
    }


def _to_the_second(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def note_data(render: Renderer, incident: Incident, note: Note) -> dict[str, Any]:
    """Return what a webhook tells of a note: its text is cut when it is long."""
    raw = note.content.encode()
    trimmed = len(raw) > TRIMMED_NOTE_BYTES
    return {
        "incident": render.incident_reference(incident),
        "id": note.id,
        "content": raw[:TRIMMED_NOTE_BYTES].decode(errors="ignore") if trimmed else note.content,
        "trimmed": trimmed,
        "type": "incident_note",
    }


def agent_of(render: Renderer, user: User | None, service: Service) -> dict[str, Any]:
    """Return who did it: a person, or the service's integration."""
    if user:
        return render.user_reference(user)
    return render.integration_reference(service) | {"type": "inbound_integration_reference"}


def compact(payload: Any) -> bytes:
    """Return JSON as it goes over the wire: no spaces, UTF-8."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def reordered(payload: Any) -> Any:
    """Return the same JSON with the keys of every object in another order."""
    if isinstance(payload, dict):
        return {key: reordered(payload[key]) for key in reversed(payload)}
    if isinstance(payload, list):
        return [reordered(item) for item in payload]
    return payload
