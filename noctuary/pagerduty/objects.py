"""What PagerDuty's REST API answers, as far as we read it; any field that we can do without may be null."""

from typing import Any

import msgspec

from noctuary.pagerduty.webhook import Identity, Number, Reference


class Acknowledgement(msgspec.Struct, frozen=True):
    """Who took an incident, and when."""

    at: str | None = None
    acknowledger: Reference | None = None


class Incident(msgspec.Struct, frozen=True):
    """An incident of GET /incidents; its times carry the account's offset."""

    id: Identity
    incident_number: Number | None = None
    title: str | None = None
    html_url: str | None = None
    status: str | None = None
    created_at: str | None = None
    last_status_change_at: str | None = None
    last_status_change_by: Reference | None = None
    resolved_at: str | None = None
    urgency: str | None = None
    service: Reference | None = None
    teams: list[Reference] | None = None
    acknowledgements: list[Acknowledgement] | None = None


class AlertBody(msgspec.Struct, frozen=True):
    """What the alert's sender said; its shape is the sender's."""

    details: Any = None
    cef_details: Any = None


class Alert(msgspec.Struct, frozen=True):
    """One alert of an incident."""

    id: str = ""
    summary: str | None = None
    status: str | None = None
    created_at: str | None = None
    body: AlertBody | None = None


class LogEntry(msgspec.Struct, frozen=True):
    """One entry of an incident's log: what was done, and when."""

    id: str = ""
    type: str = ""
    created_at: str | None = None


class Note(msgspec.Struct, frozen=True):
    """One note of an incident; in a list it may lack its id."""

    id: str = ""
    content: str = ""
    created_at: str | None = None
    user: Reference | None = None


class IncidentPage(msgspec.Struct, frozen=True):
    """One page of GET /incidents; `left_out` counts incidents that cannot be used, and is no field of the answer."""

    incidents: list[Incident]
    more: bool | None = None
    left_out: int = msgspec.field(default=0, name=" left out")

    def has_more(self, size: int) -> bool:
        """Return whether another page follows; where PagerDuty does not say it, behind a full one."""
        shown = len(self.incidents) + self.left_out
        return shown > 0 and (self.more if self.more is not None else shown >= size)


class ServicePage(msgspec.Struct, frozen=True):
    """One page of GET /services."""

    services: list[Reference]


class AlertPage(msgspec.Struct, frozen=True):
    """One page of GET /incidents/{id}/alerts."""

    alerts: list[Alert]
    more: bool | None = None


class LogPage(msgspec.Struct, frozen=True):
    """One page of GET /incidents/{id}/log_entries, the newest first."""

    log_entries: list[LogEntry]
    more: bool | None = None


class NoteList(msgspec.Struct, frozen=True):
    """GET /incidents/{id}/notes: all of them."""

    notes: list[Note]


class NoteAnswer(msgspec.Struct, frozen=True):
    """The note as it stands after a write."""

    note: Note


class IncidentAnswer(msgspec.Struct, frozen=True):
    """GET /incidents/{id}."""

    incident: Incident
