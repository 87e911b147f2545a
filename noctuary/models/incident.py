"""An incident and its note as they are stored."""

import msgspec


class IncidentRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One incident as one integration knows it: what it was told and, once `confirmed_at`, what PagerDuty told itself.

    `account` is the web host of PagerDuty's own answer, empty until the incident is confirmed. `api_url` is the API
    that it was met at, in the spelling that its note's marker was made of. `diagnosis` is the frozen evidence as JSON.
    `revision` is what it was read at, 0 for a row that is not stored yet; the store counts it up with every write.
    """

    integration_id: str
    incident_id: str
    account: str = ""
    api_url: str = ""
    confirmed_at: float | None = None
    confirm_tries: int = 0
    """How often PagerDuty did not know the incident, or refused to show it, since it was last told of."""
    is_doubted: bool = False
    """A webhook told something later than the confirming answer did: PagerDuty is asked once more."""
    number: int = 0
    title: str = ""
    html_url: str = ""
    service_id: str = ""
    service_name: str = ""
    team_ids: list[str] = []
    urgency: str = ""
    status: str = "triggered"
    triggered_at: float = 0.0
    is_start_unknown: bool = False
    """Nobody told when it began: `triggered_at` is when it was first told of."""
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    is_end_unknown: bool = False
    """Nobody told when it was resolved: `resolved_at` is when something was last told of it."""
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
    `rev` is of the text; `revision` is of the row, as in IncidentRow. `account` is the one of IncidentRow; in rows of
    before accounts were known it is the API's URL, until the note is written anew. `gone_for` are the integrations
    whose tokens PagerDuty knows no such incident for, after `gone_tries` attempts: they write no more. `answer_of` is
    the integration whose answer the text keeps, where the writer took the note over and had none.
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
    gone_for: list[str] = []
    gone_tries: int = 0
    answer_of: str | None = None
    revision: int = 0

    @property
    def may_stand(self) -> bool:
        """Whether PagerDuty has the note, or may have it: one that was never sent binds nobody."""
        return self.note_id is not None or self.posting_since is not None
