"""An incident and its note as they are stored."""

import msgspec


class IncidentRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One incident as we know it. `account` is the API base URL: incident ids are unique within it.

    `integration_id` is the integration that owns the note. `diagnosis` is the frozen evidence as JSON. `revision` is
    what it was read at, 0 for a row that is not stored yet; the store counts it up with every write.
    """

    account: str
    incident_id: str
    integration_id: str
    number: int = 0
    title: str = ""
    html_url: str = ""
    service_id: str = ""
    service_name: str = ""
    urgency: str = ""
    status: str = "triggered"
    triggered_at: float = 0.0
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    updated_at: float = 0.0
    last_event_at: float = 0.0
    diagnosis: bytes | None = None
    revision: int = 0
    reopened_at: float | None = None
    """When it was last reopened: what holds from then on counts, what was before is another episode."""

    @property
    def began_at(self) -> float:
        """Return when it began: its last reopening, else its trigger."""
        return self.triggered_at if self.reopened_at is None else max(self.triggered_at, self.reopened_at)


class NoteRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The outbox: the note that should stand in an incident, and what we know of the one that does.

    `rev` counts what we want, `sent_rev` what PagerDuty confirmed; equal means nothing to do. `posting_since` is set
    before the first POST is sent and cleared when its answer is recorded: if it is set at a start or after an error,
    a note may stand there without our knowing its id. `check_at` asks for a later look for doubles.
    `rev` is of the text; `revision` is of the row, as in IncidentRow.
    """

    account: str
    incident_id: str
    integration_id: str
    marker: str
    text: str
    rev: int = 1
    sent_rev: int = 0
    note_id: str | None = None
    posting_since: float | None = None
    attempts: int = 0
    next_attempt_at: float = 0.0
    check_at: float | None = None
    failed_reason: str | None = None
    created_at: float = 0.0
    sent_at: float | None = None
    revision: int = 0
