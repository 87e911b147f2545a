"""The frozen evidence of an incident: what was diagnosed, what the alerts said, what could not be read."""

import msgspec

from noctuary.models.diagnosis import Change, Diagnosis
from noctuary.models.revisions import WorkloadRevisions


class AlertSummary(msgspec.Struct, frozen=True):
    """What the alerts tell: how many, when the first one opened, and when its rule began to hold."""

    count: int = 0
    summary: str = ""
    opened_at: float | None = None
    began_at: float | None = None


class Clearing(msgspec.Struct, frozen=True):
    """What was seen when the incident was resolved; pods as read live, None: not read."""

    rollback: Change | None = None
    pods_ready: int | None = None
    pods_total: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """What holds when a note is written or edited: a rollback that was seen, and the revisions that exist.

    `revisions` None: they were not read this time, so no number is known to exist.
    """

    rollback: Change | None = None
    revisions: list[WorkloadRevisions] | None = None


class Evidence(msgspec.Struct, frozen=True):
    """What a note is rendered from, again and again.

    `gaps` say what could not be read this time, `limits` what is never looked at here.
    """

    diagnosis: Diagnosis
    alerts: AlertSummary
    gaps: list[str] = []
    clearing: Clearing | None = None
    limits: list[str] = []
    standing: Standing | None = None
