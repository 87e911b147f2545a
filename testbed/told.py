"""Changes, faults and whole notes of a service `web` in namespace `shop`, put together by hand for tests of words."""

import re
from typing import Any

from noctuary.models import details
from noctuary.models.diagnosis import (
    Cause,
    CauseKind,
    Change,
    Diagnosis,
    Fault,
    Relation,
    Subject,
    Term,
    Verdict,
)
from noctuary.models.evidence import AlertSummary, Clearing, Evidence, Standing
from noctuary.models.incident import IncidentRow
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.notes.note import render_note

ONSET = 1_800_000_000.0
"""08:00:00 UTC."""
_PERCENT = re.compile(r" \((?:sure )?\d{1,2} %(?: and \d{1,2} %)?\)")
WEB = Subject("Deployment", "shop", "web")


def change(kind: str = "Deployment", facts: dict[str, str] | None = None, **more: Any) -> Change:
    """Return a rollout of `web` from 3.10 to 3.11, a minute before the alert."""
    told = {
        details.IMAGE: "r/web:3.11",
        details.PREVIOUS_IMAGE: "r/web:3.10",
        details.TEMPLATE_HASH: "new",
        details.PREVIOUS_TEMPLATE_HASH: "old",
        details.REVISION: "14",
        details.CHANGED: "image",
    }
    base: dict[str, Any] = {
        "event_id": "c",
        "is_rollout": True,
        "subject": Subject(kind, "shop", "web"),
        "service": "web",
        "relation": Relation.OWN,
        "at": ONSET - 60,
        "vendor": "kubernetes",
        "event_type": "deploy",
        "details": told | (facts or {}),
    }
    return Change(**base | more)


def fault(kind: str = "crash_loop", facts: dict[str, str] | None = None, **more: Any) -> Fault:
    """Return a fault of one pod of `web`, half a minute before the alert."""
    base: dict[str, Any] = {
        "kind": kind,
        "event_ids": ["f"],
        "subject": WEB,
        "service": "web",
        "relation": Relation.OWN,
        "template_hash": "new",
        "first": ONSET - 30,
        "last": ONSET - 30,
        "pods": ["web-0"],
        "details": {details.RESTARTS: "0", **(facts or {})},
    }
    return Fault(**base | more)


def posted(event_type: str, **more: Any) -> dict[str, Any]:
    """Return what makes a change or a fault one that another system told of the service `web`."""
    return {"subject": Subject("", "team", "web"), "event_type": event_type, "is_posted": True, **more}


def held(
    current: int, revisions: dict[int, str], *, kind: str = "Deployment", rollback: Change | None = None
) -> Standing:
    """Return which revisions of `web` exist now, by number and template."""
    stored = [StoredRevision(number, template) for number, template in revisions.items()]
    return Standing(rollback, [WorkloadRevisions(Subject(kind, "shop", "web"), current, stored)])


def diagnosis(*causes: Cause, **more: Any) -> Diagnosis:
    """Return a diagnosis of `web`, an hour of it looked at."""
    verdict = Verdict.CAUSE if causes else Verdict.NOTHING_RELEVANT
    base: dict[str, Any] = {
        "verdict": verdict,
        "onset": ONSET,
        "since": ONSET - 3600,
        "services": ["web"],
        "dependencies": [],
        "causes": list(causes),
    }
    return Diagnosis(**base | more)


def cause(changed: Change | None = None, *faults: Fault, score: float = 0.8, why: str = "because") -> Cause:
    """Return a cause of a change, of faults, or of both."""
    kind = CauseKind.FAULT if changed is None else CauseKind.ROLLOUT if changed.is_rollout else CauseKind.CHANGE
    return Cause(kind, why, [Term("told", score)], changed, list(faults))


def note(found: Diagnosis, standing: Standing | None = None, clearing: Clearing | None = None, **row: Any) -> str:
    """Return the whole note of a diagnosis."""
    incident = IncidentRow(account="a", incident_id="P", integration_id="i", triggered_at=ONSET, **row)
    evidence = Evidence(found, AlertSummary(1, "Errors", ONSET), clearing=clearing, standing=standing)
    return render_note(incident, evidence, "nct:told", ONSET + 60)


def without_percent(text: str) -> str:
    """Return a note without how sure it is: for what is about its words, whatever the weights are."""
    return _PERCENT.sub("", text)


def action_of(text: str) -> list[str]:
    """Return the lines that say what to do."""
    starts = ("Do:", "Do, if", "If it comes back")
    return next(block.splitlines() for block in text.split("\n\n") if block.startswith(starts))
