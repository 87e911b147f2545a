"""The note: an incident and its frozen evidence as plain text, the answer first, our marker last."""

import base64
import hashlib
import re

from noctuary.common.clock import format_moment
from noctuary.common.text import duration, fit_bytes, of_total, shorten
from noctuary.common.words import disarmed
from noctuary.models.evidence import Clearing, Evidence
from noctuary.models.incident import IncidentRow
from noctuary.notes.action import action
from noctuary.notes.cleared import as_cleared, is_cleared, with_nodes, with_ready
from noctuary.notes.headline import HEADLINE_CHARS, headline
from noctuary.notes.left import called_before
from noctuary.notes.restated import restate_action
from noctuary.notes.seen import considered, looked_at, names_cause, others, why
from noctuary.notes.values import led_to

NOTE_BUDGET_BYTES = 8_000
"""PagerDuty takes 65,535; nobody reads more than a screen or two at night."""
MARKER_LINE_START = "noctuary ref "
_CUT = "(shortened)"
_STATUS_PREFIX = re.compile(r"^Resolved(?: after [^.]*)?\. ")
_STATUS_LINE_STARTS = ("Reopened at ", "Acknowledged at ", "Resolved at ")
BLOCK_END = "\n\n"


def marker_of(integration_id: str, account: str, incident_id: str) -> str:
    """Return the id of the one note an integration has in an incident: the same after a lost store."""
    digest = hashlib.sha256(f"{integration_id}\n{account}\n{incident_id}".encode()).digest()
    return "nct:" + base64.b32encode(digest[:10]).decode().lower()


def holds_marker(content: str, marker: str) -> bool:
    """Tell whether a note is ours: its last line is our marker line, which no event's text can begin."""
    lines = content.rstrip().splitlines()
    return bool(lines) and lines[-1].startswith(f"{MARKER_LINE_START}{marker} ")


def same_apart_from_time(text: str, other: str) -> bool:
    """Tell whether two notes differ at most in when they were written."""
    return text.rstrip().rpartition("\n")[0] == other.rstrip().rpartition("\n")[0]


def render_note(incident: IncidentRow, evidence: Evidence, marker: str, now: float) -> str:
    """Return the whole note within its budget."""
    evidence = with_ready(with_nodes(evidence))
    is_over = incident.status == "resolved" and is_cleared(evidence.clearing)
    told = as_cleared(evidence) if is_over else evidence
    diagnosis = told.diagnosis
    blocks = [
        [headline(diagnosis, _status_prefix(incident), evidence.standing, is_cleared=is_over)],
        _status_lines(incident, evidence.clearing, evidence.goes_on_since),
        *([] if names_cause(diagnosis) else [considered(diagnosis)]),
        action(evidence, is_resolved=incident.status == "resolved"),
        why(told),
        *([others(diagnosis)] if names_cause(diagnosis) else []),
        looked_at(evidence),
    ]
    return _finish(["\n".join(block) for block in blocks if block], incident, marker, now)


def restate_note(text: str, incident: IncidentRow, marker: str, now: float) -> str:
    """Return a note as it was, but for the incident's status: its diagnosis has a form that is unknown here."""
    first, *rest = text.rstrip().rpartition("\n")[0].split("\n\n")
    headline_text = _status_prefix(incident) + _STATUS_PREFIX.sub("", first)
    if rest and rest[0].startswith(_STATUS_LINE_STARTS):
        del rest[0]
    status = "\n".join(_status_lines(incident, None))
    known = [restate_action(block, is_resolved=incident.status == "resolved") for block in rest]
    blocks = [shorten(headline_text, HEADLINE_CHARS), *([status] if status else []), *known]
    return _finish(blocks, incident, marker, now)


def _finish(blocks: list[str], incident: IncidentRow, marker: str, now: float) -> str:
    end = f"{MARKER_LINE_START}{marker}  updated {format_moment(now, incident.began_at)} UTC"
    return f"{_within(BLOCK_END.join(blocks), NOTE_BUDGET_BYTES - len(end) - 1)}\n{end}"


def _within(body: str, limit: int) -> str:
    if len(body.encode()) <= limit:
        return body
    return fit_bytes(body, limit - len(_CUT) - 1).rpartition("\n")[0] + "\n" + _CUT


def _status_prefix(incident: IncidentRow) -> str:
    if incident.status != "resolved":
        return ""
    is_start_known = not incident.is_start_unknown or incident.reopened_at is not None
    if incident.is_end_unknown or not is_start_known:
        return "Resolved. "
    return f"Resolved after {duration(_took_s(incident))}. "


def _took_s(incident: IncidentRow) -> float:
    return max(0.0, (incident.resolved_at or incident.updated_at) - incident.began_at)


def _status_lines(incident: IncidentRow, clearing: Clearing | None, goes_on_since: float | None = None) -> list[str]:
    lines, near = [], incident.began_at
    if incident.reopened_at is not None:
        at = format_moment(incident.reopened_at, incident.triggered_at)
        lines.append(f"Reopened at {at} UTC; {_of_when(goes_on_since, near)}.")
    if incident.acknowledged_at is not None:
        lines.append(
            f"Acknowledged at {format_moment(incident.acknowledged_at, near)} UTC{_by(incident.acknowledged_by)}."
        )
    if incident.status == "resolved" and incident.resolved_at is not None and not incident.is_end_unknown:
        cleared = _cleared(clearing, near) if clearing is not None else ""
        lines.append(
            f"Resolved at {format_moment(incident.resolved_at, near)} UTC{_by(incident.resolved_by)}.{cleared}"
        )
    return lines


def _of_when(goes_on_since: float | None, near: float) -> str:
    if goes_on_since is None:
        return "what is said here is of the time since"
    since = format_moment(goes_on_since, near)
    return f"nothing since explains it, and what the answer of before explains goes on since {since} UTC"


def _by(name: str | None) -> str:
    return f" by {disarmed(name, 63)}" if name else ""


def _cleared(clearing: Clearing, near: float) -> str:
    """Return what was seen to clear it: a way back, pods that are ready; pods that are not ready cleared nothing."""
    seen = []
    if clearing.rollback is not None:
        to = called_before(clearing.rollback, led_to(clearing.rollback, 63))
        seen.append(f"rolled back to {to} at {format_moment(clearing.rollback.at, near)} UTC")
    if not clearing.pods_total:
        return f" Cleared: {'; '.join(seen)}." if seen else " What cleared it was not seen."
    ready = clearing.pods_ready or 0
    pods = of_total(ready, clearing.pods_total, "pod") + " ready"
    if clearing.were_ready and not seen:
        return f" {pods} now, as before the alert."
    if ready >= clearing.pods_total:
        return f" Cleared: {'; '.join([*seen, pods])} now."
    return f" Not cleared: {'; '.join([*seen, pods])} now."
