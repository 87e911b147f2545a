"""The account, its clock, its rules and its post, behind the one interface that REST, control API and tests share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from testbed.pagerduty.account import ids
from testbed.pagerduty.account.alerts import make_alert
from testbed.pagerduty.account.clock import VirtualClock
from testbed.pagerduty.account.model import (
    Account,
    Incident,
    IncidentStatus,
    Note,
    Service,
    User,
    change_status,
    reopen,
)
from testbed.pagerduty.account.subscriptions import ACCOUNT_SCOPE, PING, Subscription
from testbed.pagerduty.api.limits import REQUESTS_PER_MINUTE, RateLimit
from testbed.pagerduty.api.render import Renderer
from testbed.pagerduty.rules import Rules
from testbed.pagerduty.webhooks.delivery import Courier, DeliverySettings
from testbed.pagerduty.webhooks.events import agent_of, incident_data, make_event, note_data
from testbed.pagerduty.webhooks.ledger import Ledger, Webhook
from testbed.pagerduty.webhooks.timings import Timing

DEFAULT_EVENTS = (
    "incident.triggered",
    "incident.acknowledged",
    "incident.resolved",
    "incident.reopened",
    "incident.service_updated",
)


@dataclass
class Call:
    """One REST call as it arrived, for tests and benchmarks; `status` is None when no answer was sent.

    `key` is the number of the key that it came with, in the order in which they were made; None: an unknown one.
    """

    method: str
    path: str
    at: float
    status: int | None = None
    key: int | None = None


class SimulatedPagerDuty:
    """Everything the stand-in remembers, and what people and other systems do in it."""

    def __init__(
        self,
        *,
        requests_per_minute: int | None = REQUESTS_PER_MINUTE,
        latency_s: float = 0.0,
        delivery: DeliverySettings | None = None,
    ) -> None:
        self.latency_s = latency_s
        self.clock = VirtualClock()
        self.account = Account()
        self.render = Renderer(self.account)
        self.rules = Rules()
        self.ledger = Ledger()
        self.limit = RateLimit(self.clock, requests_per_minute)
        self.timings: defaultdict[str, Timing] = defaultdict(Timing)
        self.violations: list[str] = []
        self.calls: list[Call] = []
        self.courier = Courier(self.clock, self.ledger, self.rules, self.timings, delivery or DeliverySettings())

    def violation(self, sentence: str) -> None:
        """Write down that a client did something that a careful client does not do."""
        self.violations.append(sentence)

    # People, keys, services

    def add_user(self, name: str, email: str) -> User:
        """Add a person to the account."""
        return self.account.add_user(name, email)

    def add_token(self, *, user: User | None = None, read_only: bool = False) -> str:
        """Make a REST key: the account's, or a person's own."""
        return self.account.add_key(user=user, read_only=read_only).token

    def calls_with(self, token: str) -> list[Call]:
        """Return the REST calls that came with a key."""
        number = list(self.account.keys).index(token)
        return [call for call in self.calls if call.key == number]

    def add_team(self, name: str) -> str:
        """Add a team and return its id."""
        return self.account.add_team(name).id

    def add_service(self, name: str, teams: Iterable[str] = ()) -> str:
        """Add a service of teams, given by their ids, and return its id; `service.created` is fired."""
        service = self.account.add_service(name, self.clock.now(), teams)
        data = self.render.service_reference(service) | {"type": "service"}
        self.courier.publish(make_event("service.created", data, None, self.clock.now(), service))
        return service.id

    # Subscriptions

    def subscribe(
        self, url: str, scope: str = ACCOUNT_SCOPE, events: Iterable[str] = DEFAULT_EVENTS
    ) -> tuple[str, str]:
        """Make a subscription by hand and return its id and its signing secret.

        Its scope is "account", or the id of a service or a team.
        """
        if scope not in (ACCOUNT_SCOPE, *self.account.services, *self.account.teams):
            raise ValueError(f'no service or team {scope}: give the id of one, or "{ACCOUNT_SCOPE}"')
        made = Subscription(ids.short_id(), url, scope, frozenset(events), ids.signing_secret())
        self.courier.subscriptions[made.id] = made
        return made.id, made.secret

    def subscription(self, subscription_id: str) -> Subscription:
        """Return a subscription; raises KeyError when it was never made or is deleted."""
        return self.courier.subscriptions[subscription_id]

    def unsubscribe(self, subscription_id: str) -> None:
        """Delete a subscription."""
        del self.courier.subscriptions[subscription_id]

    def enable(self, subscription_id: str) -> None:
        """Switch a disabled subscription on again."""
        self.subscription(subscription_id).enable()

    def ping(self, subscription_id: str) -> Webhook:
        """Send the test event to one subscription."""
        data = {"message": "A test webhook of the simulator", "type": "ping"}
        event = make_event(PING, data, None, self.clock.now(), None)
        self.ledger.event(event)
        return self.courier.send(self.subscription(subscription_id), event)

    # Incidents

    def trigger(
        self,
        service_id: str,
        title: str,
        *,
        alerts: Sequence[Mapping[str, Any]] | None = None,
        custom_details: Any = None,
        urgency: str = "high",
        at: datetime | None = None,
        deliver: bool = True,
    ) -> Incident:
        """Open an incident as an Events API integration does, with one alert unless told otherwise.

        An empty list of alerts makes the incident a person would make: with an incident key and no alert. `at` dates it
        back; `deliver=False` tells nobody, as when an ingress answered in our place.
        """
        service = self.account.services.get(service_id)
        if service is None:
            raise ValueError(f"no service {service_id}: add it first")
        now = at or self.clock.now()
        given = [{}] if alerts is None else alerts
        made = [make_alert(alert, title, custom_details, now) for alert in given]
        incident = self.account.add_incident(service, title, now)
        incident.alerts, incident.urgency = made, urgency
        incident.incident_key = None if made else ids.long_id().lower()
        if deliver:
            self._publish("incident.triggered", incident, None, now)
        return incident

    def acknowledge(self, incident_id: str, *, by: User | None = None, deliver: bool = True) -> Incident:
        """Acknowledge an incident as a person."""
        person = by or next(iter(self.account.users.values()), None)
        return self._change(incident_id, IncidentStatus.ACKNOWLEDGED, person, deliver=deliver)

    def resolve(self, incident_id: str, *, by: User | None = None, deliver: bool = True) -> Incident:
        """Resolve an incident as a person, or as the integration when nobody is named."""
        return self._change(incident_id, IncidentStatus.RESOLVED, by, deliver=deliver)

    def reopen(self, incident_id: str, *, by: User, deliver: bool = True) -> Incident:
        """Open a resolved incident again as a person."""
        incident = self.incident(incident_id)
        if incident.status is not IncidentStatus.RESOLVED:
            raise ValueError(f"incident {incident.id} is not resolved")
        reopen(incident, by, self.clock.now())
        if deliver:
            self._publish("incident.reopened", incident, by)
        return incident

    def move(self, incident_id: str, service_id: str, *, by: User, deliver: bool = True) -> Incident:
        """Give an incident to another service, as a person does."""
        incident = self.incident(incident_id)
        incident.service = self.service_named(service_id)
        if deliver:
            self._publish("incident.service_updated", incident, by)
        return incident

    def incident(self, key: str) -> Incident:
        """Return an incident by id or number; raises KeyError when there is none."""
        incident = self.account.incident(key)
        if incident is None:
            raise KeyError(key)
        return incident

    def _change(self, key: str, status: IncidentStatus, by: User | None, *, deliver: bool) -> Incident:
        incident = self.incident(key)
        if incident.status is IncidentStatus.RESOLVED:
            raise ValueError(f"incident {incident.id} is resolved already")
        change_status(incident, status, by, self.clock.now())
        if deliver:
            self._publish(f"incident.{status}", incident, by)
        return incident

    def _publish(self, event_type: str, incident: Incident, by: User | None, at: datetime | None = None) -> None:
        data = incident_data(self.render, incident)
        agent = agent_of(self.render, by, incident.service)
        event = make_event(event_type, data, agent, at or self.clock.now(), incident.service, incident.teams)
        self.courier.publish(event)

    # Notes

    def notes(self, incident_id: str) -> list[Note]:
        """Return the notes that stand on an incident, hidden ones too."""
        return list(self.incident(incident_id).notes)

    def visible_notes(self, incident: Incident) -> list[Note]:
        """Return the notes that a list shows now."""
        return [note for note in incident.notes if note.visible_from <= self.clock.monotonic()]

    def write_note(self, incident_id: str, content: str, user: User, *, hidden_s: float = 0.0) -> Note:
        """Write a note as a person does; `incident.annotated` is fired."""
        incident, now = self.incident(incident_id), self.clock.now()
        note = Note(ids.long_id(), user, content, now, now, self.clock.monotonic() + hidden_s if hidden_s else 0.0)
        incident.notes.append(note)
        self.timings[incident.id].notes_applied.append(monotonic())
        data = note_data(self.render, incident, note)
        agent = self.render.user_reference(user)
        self.courier.publish(make_event("incident.annotated", data, agent, now, incident.service, incident.teams))
        return note

    def edit_note(self, incident: Incident, note: Note, content: str) -> None:
        """Replace a note's text; no webhook tells of it."""
        note.content, note.updated_at = content, self.clock.now()
        self.timings[incident.id].notes_edited.append(monotonic())

    def delete_note(self, incident: Incident, note: Note) -> None:
        """Take a note away; no webhook tells of it."""
        incident.notes.remove(note)
        incident.deleted_notes.append(note)

    def note_counts(self) -> dict[str, int]:
        """Return how many notes stand on each incident."""
        return {incident.id: len(incident.notes) for incident in self.account.incidents.values()}

    def service_named(self, key: str) -> Service:
        """Return a service by id or name; raises KeyError when there is none."""
        service = self.account.service(key)
        if service is None:
            raise KeyError(key)
        return service
