"""What an account holds: users, keys, services, incidents with alerts and notes, all in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from testbed.pagerduty.account import ids

API_HOST = "https://api.pagerduty.com"
"""Host of every `self` link. It is not the simulator's: who follows links fails here, as with an EU account."""


class IncidentStatus(StrEnum):
    """States of an incident."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class User:
    """A person of the account."""

    id: str
    name: str
    email: str


@dataclass(frozen=True)
class Key:
    """A REST key: of the account when it has no user, else of that user."""

    token: str
    user: User | None = None
    read_only: bool = False

    @property
    def budget(self) -> str:
        """Name whose rate limit this key draws from: a user's keys share one."""
        return f"user {self.user.id}" if self.user else f"key {self.token}"


@dataclass(frozen=True)
class Team:
    """People who answer for services; an account that has none lacks the ability of that name."""

    id: str
    name: str


@dataclass(frozen=True)
class Service:
    """A service that incidents happen on, and whose teams' these are."""

    id: str
    name: str
    integration_id: str
    created_at: datetime
    teams: tuple[Team, ...] = ()


@dataclass
class Alert:
    """One alert of an incident; `alert_key` is the sender's dedup key."""

    id: str
    summary: str
    alert_key: str
    severity: str
    created_at: datetime
    details: Any
    cef_details: Any
    contexts: list[dict[str, Any]]
    status: str = "triggered"


@dataclass
class Note:
    """One note; `visible_from` is the virtual monotonic second from which a list shows it."""

    id: str
    user: User
    content: str
    created_at: datetime
    updated_at: datetime
    visible_from: float = 0.0


@dataclass(frozen=True)
class LogEntry:
    """What was done to an incident; `by` None: an integration did it."""

    id: str
    type: str
    at: datetime
    by: User | None = None


@dataclass
class Incident:
    """One incident with its alerts and notes; deleted notes are kept apart so that tests can count them.

    Its teams are those of the service on which it was opened, until somebody gives it to others.
    """

    id: str
    number: int
    title: str
    service: Service
    created_at: datetime
    changed_at: datetime
    incident_key: str | None = None
    status: IncidentStatus = IncidentStatus.TRIGGERED
    teams: tuple[Team, ...] = ()
    urgency: str = "high"
    assignee: User | None = None
    changed_by: User | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    reopened_at: datetime | None = None
    log: list[LogEntry] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    deleted_notes: list[Note] = field(default_factory=list)

    def note(self, note_id: str) -> Note | None:
        """Return a note by id."""
        return next((note for note in self.notes if note.id == note_id), None)


class Account:
    """The memory behind the REST API."""

    def __init__(self, subdomain: str = "noctuary-sim") -> None:
        self.subdomain = subdomain
        self.users: dict[str, User] = {}
        self.keys: dict[str, Key] = {}
        self.teams: dict[str, Team] = {}
        self.services: dict[str, Service] = {}
        self.incidents: dict[str, Incident] = {}
        self.escalation_policy_id = ids.short_id()
        self._by_number: dict[str, Incident] = {}

    def add_user(self, name: str, email: str) -> User:
        """Add a person."""
        user = User(ids.short_id(), name, email)
        self.users[user.id] = user
        return user

    def add_key(self, *, user: User | None = None, read_only: bool = False) -> Key:
        """Add a REST key."""
        key = Key(ids.api_key(), user, read_only)
        self.keys[key.token] = key
        return key

    def forget_incidents(self) -> None:
        """Be as if no incident had ever been."""
        self.incidents.clear()
        self._by_number.clear()

    def add_team(self, name: str) -> Team:
        """Add a team."""
        team = Team(ids.short_id(), name)
        self.teams[team.id] = team
        return team

    def add_service(self, name: str, now: datetime, team_ids: Iterable[str] = ()) -> Service:
        """Add a service with one Events API integration; raises KeyError when there is no such team."""
        service = Service(ids.short_id(), name, ids.short_id(), now, tuple(self.teams[each] for each in team_ids))
        self.services[service.id] = service
        return service

    def add_incident(self, service: Service, title: str, now: datetime) -> Incident:
        """Open an incident; the caller adds its alerts."""
        number = len(self.incidents) + 1
        assignee = next(iter(self.users.values()), None)
        incident = Incident(ids.long_id(), number, title, service, now, now, teams=service.teams, assignee=assignee)
        write_log(incident, "trigger", now, None)
        write_log(incident, "assign", now, None)
        self.incidents[incident.id] = incident
        self._by_number[str(number)] = incident
        return incident

    def incident(self, key: str) -> Incident | None:
        """Return an incident by its id or its number."""
        return self.incidents.get(key) or self._by_number.get(key)

    def service(self, key: str) -> Service | None:
        """Return a service by its id or its name."""
        return self.services.get(key) or next((s for s in self.services.values() if s.name == key), None)

    def user_by_email(self, email: str) -> User | None:
        """Return the person with this e-mail address, in any case of letters."""
        return next((u for u in self.users.values() if u.email.lower() == email.lower()), None)

    def open_incidents(self, service: Service) -> Iterable[Incident]:
        """Return what is not resolved on a service."""
        return (i for i in self.incidents.values() if i.service == service and i.status != IncidentStatus.RESOLVED)


def change_status(incident: Incident, status: IncidentStatus, by: User | None, now: datetime) -> None:
    """Acknowledge or resolve an incident; resolving resolves its alerts and frees the assignee."""
    incident.status = status
    incident.changed_at = now
    incident.changed_by = by
    if status is IncidentStatus.ACKNOWLEDGED:
        incident.acknowledged_at = now
        write_log(incident, "acknowledge", now, by)
    if status is IncidentStatus.RESOLVED:
        incident.resolved_at = now
        incident.assignee = None
        write_log(incident, "resolve", now, by)
        for alert in incident.alerts:
            alert.status = "resolved"


def reopen(incident: Incident, by: User, now: datetime) -> None:
    """Open a resolved incident again; its alerts stay resolved, and the log has no word for it but the assignment."""
    incident.status = IncidentStatus.TRIGGERED
    incident.changed_at = incident.reopened_at = now
    incident.changed_by = incident.assignee = by
    incident.acknowledged_at = incident.resolved_at = None
    write_log(incident, "assign", now, by)


def write_log(incident: Incident, what: str, now: datetime, by: User | None) -> None:
    """Add an entry to an incident's log."""
    incident.log.append(LogEntry(ids.long_id(), f"{what}_log_entry", now, by))
