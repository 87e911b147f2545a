"""What the attacker signs with its own secret: an event about anybody's incident, with whatever it likes to say."""

import secrets
from collections.abc import Mapping
from typing import Any

from testbed.attack.matrix.sides import Sides
from testbed.pagerduty.account.model import Incident

TIMES = {"year 9999": "9999-12-31T23:59:59.000Z", "1970": "1970-01-01T00:00:01.000Z"}
STATES = {"incident.resolved": "resolved", "incident.acknowledged": "acknowledged"}
RESOLVED = {
    "event_type": "incident.resolved",
    "when": "now",
    "service": "victim's",
    "host": "victim's",
    "subject": "victim's incident",
}
"""The claim that harms most when it is believed."""


def claim(sides: Sides, said: Mapping[str, str], incident: Incident) -> dict[str, Any]:
    """Return the body of a webhook that says this."""
    now = sides.victim.account.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    key = _subject(sides, said["subject"], incident)
    data = _incident(sides, said, key, incident)
    if said["event_type"] == "incident.annotated":
        data = {"incident": data, "id": "PNOTE", "content": sides.attacker_canary, "type": "incident_note"}
    event = {
        "id": f"01{secrets.token_hex(12).upper()}",
        "event_type": said["event_type"],
        "resource_type": "incident",
        "occurred_at": TIMES.get(said["when"], now),
        "agent": {"id": "PFORGER", "type": "user_reference", "summary": f"{sides.attacker_canary} person"},
        "client": None,
        "data": data,
    }
    return {"event": event}


def _incident(sides: Sides, said: Mapping[str, str], key: str, incident: Incident) -> dict[str, Any]:
    service = sides.service if said["service"] == "victim's" else sides.own_service
    owner = {"victim's": sides.victim, "attacker's": sides.attacker}.get(said["host"])
    host = f"{owner.account.account.subdomain}.pagerduty.com" if owner else "elsewhere.example.com"
    return {
        "id": key,
        "type": "incident",
        "html_url": f"https://{host}/incidents/{key}",
        "number": incident.number,
        "status": STATES.get(said["event_type"], "triggered"),
        "created_at": incident.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "title": f"{sides.attacker_canary} title",
        "service": {"id": service, "type": "service_reference", "summary": f"{sides.attacker_canary} service"},
        "teams": [],
        "urgency": "high",
    }


def _subject(sides: Sides, subject: str, incident: Incident) -> str:
    """Return whose incident is spoken of: one of the attacker's own really exists in its account."""
    if subject == "own incident":
        made = sides.attacker.account.trigger(sides.own_service, f"{sides.attacker_canary} own", deliver=False)
        sides.own_incidents.append(made.id)
        return made.id
    if subject == "invented incident":
        sides.invented.append(f"QINVENTED{secrets.token_hex(4).upper()}")
        return sides.invented[-1]
    return incident.id
