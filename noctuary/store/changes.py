"""Changes that the store commits together, all or none."""

import msgspec

from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.rows import Baseline, IntegrationState


class FinishWebhook(msgspec.Struct, frozen=True):
    """The webhook was processed; `event_id` keeps the same event from being processed again for this integration."""

    row_id: int
    integration_id: str
    event_id: str | None


class RetryWebhook(msgspec.Struct, frozen=True):
    """The webhook could not be processed now; it is due again at `at`."""

    row_id: int
    at: float
    error: str


class ParkWebhook(msgspec.Struct, frozen=True):
    """The webhook waits until those of its integration are woken; at `until` it is due all the same."""

    row_id: int
    until: float
    reason: str


class SaveIncident(msgspec.Struct, frozen=True):
    """Write an incident that nobody else wrote since it was read at `row.revision`."""

    row: IncidentRow


class SaveNote(msgspec.Struct, frozen=True):
    """Write a note that nobody else wrote since it was read at `row.revision`."""

    row: NoteRow


class SaveIntegrationState(msgspec.Struct, frozen=True):
    """Set the non-None fields of an integration's state; `seq` is given by the store and grows with every change."""

    state: IntegrationState


class SaveCompared(msgspec.Struct, frozen=True):
    """Set when integrations were last compared; their states count as changed only where a refusal ends with it."""

    ids: list[str]
    until: float


class SaveBaseline(msgspec.Struct, frozen=True):
    """Insert or replace a baseline."""

    baseline: Baseline


class DropBaseline(msgspec.Struct, frozen=True):
    """Forget the baseline of a workload that is gone."""

    uid: str


class MoveNote(msgspec.Struct, frozen=True):
    """Keep a note under the account that was learnt since; the row that is written with it expects its revision."""

    account: str
    incident_id: str
    to_account: str


class ScheduleRecheck(msgspec.Struct, frozen=True):
    """Have the evidence of an integration's incident gathered once more at `at`."""

    integration_id: str
    incident_id: str
    at: float


class FinishRecheck(msgspec.Struct, frozen=True):
    """The evidence was gathered once more; a recheck that was scheduled meanwhile, due after `due_until`, stays."""

    integration_id: str
    incident_id: str
    due_until: float = float("inf")


class ScheduleVisit(msgspec.Struct, frozen=True):
    """Have it decided anew at `at` what an integration knows of an incident, and whether it writes the note."""

    integration_id: str
    incident_id: str
    at: float


class FinishVisit(msgspec.Struct, frozen=True):
    """It was decided; a visit that was scheduled meanwhile, due after `due_until`, stays."""

    integration_id: str
    incident_id: str
    due_until: float = float("inf")


class VisitRivals(msgspec.Struct, frozen=True):
    """Have every other integration with a confirmed row of an incident visited at `at`: its note is free again."""

    account: str
    incident_id: str
    but_not: str
    at: float


LaterLook = ScheduleRecheck | FinishRecheck | ScheduleVisit | FinishVisit | VisitRivals
"""What is to be done at some later time, or was."""


Mutation = (
    FinishWebhook
    | RetryWebhook
    | ParkWebhook
    | SaveIncident
    | SaveNote
    | SaveIntegrationState
    | SaveCompared
    | SaveBaseline
    | DropBaseline
    | MoveNote
    | LaterLook
)
