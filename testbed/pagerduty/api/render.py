"""Objects as the REST API shows them."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from testbed.pagerduty.account.model import (
    API_HOST,
    Account,
    Alert,
    Incident,
    IncidentStatus,
    LogEntry,
    Note,
    Service,
    Team,
    User,
)

ACCOUNT_ZONE = timezone(timedelta(hours=-5))
"""Zone of the account: not UTC on purpose, so that a client must read the offset."""

AUTO_RESOLVE_S = 14_400
ACKNOWLEDGEMENT_S = 1_800


class Renderer:
    """Turns the account's objects into JSON, with times in one zone."""

    def __init__(self, account: Account, zone: tzinfo = ACCOUNT_ZONE) -> None:
        self._account = account
        self._zone = zone

    def time(self, instant: datetime | None) -> str | None:
        """Return ISO 8601 with offset, to the second as the API has it."""
        if instant is None:
            return None
        return instant.astimezone(self._zone).isoformat(timespec="seconds").replace("+00:00", "Z")

    def reference(self, kind: str, key: str, summary: str, path: str | None = None) -> dict[str, Any]:
        """Return the short form of an object."""
        place = path or f"{kind}s/{key}"
        return {
            "id": key,
            "type": f"{kind}_reference",
            "summary": summary,
            "self": f"{API_HOST}/{place}",
            "html_url": f"https://{self._account.subdomain}.pagerduty.com/{place}",
        }

    def user_reference(self, user: User) -> dict[str, Any]:
        """Return the short form of a person."""
        return self.reference("user", user.id, user.name)

    def team_references(self, teams: Iterable[Team]) -> list[dict[str, Any]]:
        """Return the short forms of teams."""
        return [self.reference("team", team.id, team.name) for team in teams]

    def service_reference(self, service: Service) -> dict[str, Any]:
        """Return the short form of a service."""
        return self.reference("service", service.id, service.name)

    def incident_reference(self, incident: Incident) -> dict[str, Any]:
        """Return the short form of an incident."""
        return self.reference("incident", incident.id, incident.title)

    def integration_reference(self, service: Service) -> dict[str, Any]:
        """Return the service's Events API integration."""
        path = f"services/{service.id}/integrations/{service.integration_id}"
        return self.reference("events_api_v2_inbound_integration", service.integration_id, "Events API V2", path)

    def escalation_policy(self) -> dict[str, Any]:
        """Return the account's only escalation policy."""
        key = self._account.escalation_policy_id
        return self.reference("escalation_policy", key, "Default", f"escalation_policies/{key}")

    def user(self, user: User) -> dict[str, Any]:
        """Return a person in full."""
        return self.user_reference(user) | {
            "type": "user",
            "name": user.name,
            "email": user.email,
            "time_zone": "America/Lima",
            "color": "purple",
            "role": "user",
            "avatar_url": "https://avatars.example.com/blank.png",
            "description": None,
            "invitation_sent": False,
            "job_title": None,
            "teams": [],
            "contact_methods": [],
            "notification_rules": [],
        }

    def service(self, service: Service) -> dict[str, Any]:
        """Return a service in full."""
        return self.service_reference(service) | {
            "type": "service",
            "name": service.name,
            "description": None,
            "auto_resolve_timeout": AUTO_RESOLVE_S,
            "acknowledgement_timeout": ACKNOWLEDGEMENT_S,
            "created_at": self.time(service.created_at),
            "status": self._service_status(service),
            "alert_creation": "create_alerts_and_incidents",
            "integrations": [self.integration_reference(service)],
            "escalation_policy": self.escalation_policy(),
            "teams": self.team_references(service.teams),
            "incident_urgency_rule": {"type": "constant", "urgency": "high"},
            "support_hours": None,
            "scheduled_actions": [],
            "addons": [],
        }

    def _service_status(self, service: Service) -> str:
        states = {incident.status for incident in self._account.open_incidents(service)}
        if IncidentStatus.TRIGGERED in states:
            return "critical"
        return "warning" if states else "active"

    def incident(self, incident: Incident) -> dict[str, Any]:
        """Return an incident in full; it holds no alerts, no details and no notes."""
        service = self.service_reference(incident.service)
        return self.incident_reference(incident) | {
            "type": "incident",
            "summary": f"[#{incident.number}] {incident.title}",
            "incident_number": incident.number,
            "title": incident.title,
            "created_at": self.time(incident.created_at),
            "updated_at": self.time(incident.changed_at),
            "status": str(incident.status),
            "incident_key": incident.incident_key,
            "service": service,
            "assignments": self._assignments(incident),
            "assigned_via": "escalation_policy",
            "last_status_change_at": self.time(incident.changed_at),
            "last_status_change_by": self.user_reference(incident.changed_by) if incident.changed_by else service,
            "resolved_at": self.time(incident.resolved_at),
            "alert_counts": _alert_counts(incident),
            "is_mergeable": True,
            "incident_type": {"name": "incident_default"},
            "escalation_policy": self.escalation_policy(),
            "teams": self.team_references(incident.teams),
            "pending_actions": [],
            "acknowledgements": self._acknowledgements(incident),
            "alert_grouping": None,
            "priority": None,
            "resolve_reason": None,
            "urgency": incident.urgency,
        }

    def _assignments(self, incident: Incident) -> list[dict[str, Any]]:
        if incident.assignee is None:
            return []
        return [{"at": self.time(incident.created_at), "assignee": self.user_reference(incident.assignee)}]

    def _acknowledgements(self, incident: Incident) -> list[dict[str, Any]]:
        if incident.status is not IncidentStatus.ACKNOWLEDGED or incident.changed_by is None:
            return []
        acknowledger = self.user_reference(incident.changed_by)
        return [{"at": self.time(incident.acknowledged_at), "acknowledger": acknowledger}]

    def alert(self, alert: Alert, incident: Incident) -> dict[str, Any]:
        """Return an alert in full; what its sender said stands in `body`."""
        return {
            "id": alert.id,
            "type": "alert",
            "summary": alert.summary,
            "self": f"{API_HOST}/incidents/{incident.id}/alerts/{alert.id}",
            "html_url": f"https://{self._account.subdomain}.pagerduty.com/alerts/{alert.id}",
            "created_at": self.time(alert.created_at),
            "status": alert.status,
            "alert_key": alert.alert_key,
            "service": self.service_reference(incident.service),
            "body": {
                "type": "alert_body",
                "contexts": alert.contexts,
                "details": alert.details,
                "cef_details": alert.cef_details,
            },
            "incident": {"id": incident.id, "type": "incident_reference"},
            "suppressed": False,
            "severity": alert.severity,
            "integration": self.integration_reference(incident.service),
        }

    def log_entry(self, entry: LogEntry, incident: Incident) -> dict[str, Any]:
        """Return an entry of an incident's log."""
        agent = self.user_reference(entry.by) if entry.by else self.service_reference(incident.service)
        return self.reference("log_entry", entry.id, entry.type.replace("_", " ")) | {
            "type": entry.type,
            "self": f"{API_HOST}/log_entries/{entry.id}",
            "html_url": f"https://{self._account.subdomain}.pagerduty.com/incidents/{incident.id}/log_entries/{entry.id}",
            "created_at": self.time(entry.at),
            "agent": agent,
            "channel": {"type": "website" if entry.by else "api"},
            "service": self.service_reference(incident.service),
            "incident": self.incident_reference(incident),
            "teams": self.team_references(incident.teams),
            "contexts": [],
        }

    def note(self, note: Note) -> dict[str, Any]:
        """Return a note in full."""
        return {
            "id": note.id,
            "user": self.user_reference(note.user),
            "channel": {"summary": "The PagerDuty website or APIs"},
            "content": note.content,
            "created_at": self.time(note.created_at),
            "updated_at": self.time(note.updated_at),
        }


def _alert_counts(incident: Incident) -> dict[str, int]:
    resolved = sum(alert.status == "resolved" for alert in incident.alerts)
    return {"all": len(incident.alerts), "triggered": len(incident.alerts) - resolved, "resolved": resolved}
