"""The note: an incident and its frozen evidence as plain text, the answer first, our marker last."""

import base64
import hashlib
import re

from noctuary.common.clock import format_clock
from noctuary.common.text import clean, duration, fit_bytes, plural, shorten
from noctuary.correlation.score import LIKELY_SCORE
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, Verdict
from noctuary.models.evidence import Clearing, Evidence
from noctuary.models.incident import IncidentRow
from noctuary.notes.phrases import HEADLINE_CHARS, cause_sentence, change_line, fault_line, headline, version
from noctuary.notes.remedies import remedy

NOTE_BUDGET_BYTES = 8_000
"""PagerDuty takes 65,535; nobody reads more than a screen or two at night."""
MAX_EVIDENCE_LINES = 20
MARKER_LINE_START = "noctuary ref "
_CUT = "(shortened)"
_STATUS_PREFIX = re.compile(r"^Resolved after [^.]*\. ")
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
    diagnosis = evidence.diagnosis
    blocks = [
        [headline(diagnosis, _status_prefix(incident))],
        _status_lines(incident, evidence.clearing),
        _action(incident, diagnosis),
        _why(evidence),
        _others(diagnosis),
        _looked_at(evidence),
    ]
    return _finish(["\n".join(block) for block in blocks if block], marker, now)


def restate_note(text: str, incident: IncidentRow, marker: str, now: float) -> str:
    """Return a note as it was, but for the incident's status: its diagnosis has a form that is unknown here."""
    first, *rest = text.rstrip().rpartition("\n")[0].split("\n\n")
    headline_text = _status_prefix(incident) + _STATUS_PREFIX.sub("", first)
    if rest and rest[0].startswith(_STATUS_LINE_STARTS):
        del rest[0]
    status = "\n".join(_status_lines(incident, None))
    return _finish([shorten(headline_text, HEADLINE_CHARS), *([status] if status else []), *rest], marker, now)


def _finish(blocks: list[str], marker: str, now: float) -> str:
    end = f"{MARKER_LINE_START}{marker}  updated {format_clock(now)} UTC"
    return f"{_within(BLOCK_END.join(blocks), NOTE_BUDGET_BYTES - len(end) - 1)}\n{end}"


def _within(body: str, limit: int) -> str:
    if len(body.encode()) <= limit:
        return body
    return fit_bytes(body, limit - len(_CUT) - 1).rpartition("\n")[0] + "\n" + _CUT


def _status_prefix(incident: IncidentRow) -> str:
    if incident.status != "resolved":
        return ""
    return f"Resolved after {duration(_took_s(incident))}. "


def _took_s(incident: IncidentRow) -> float:
    return max(0.0, (incident.resolved_at or incident.updated_at) - incident.began_at)


def _status_lines(incident: IncidentRow, clearing: Clearing | None) -> list[str]:
    lines = []
    if incident.reopened_at is not None:
        lines.append(f"Reopened at {format_clock(incident.reopened_at)} UTC; what is said here is of the time since.")
    if incident.acknowledged_at is not None:
        lines.append(f"Acknowledged at {format_clock(incident.acknowledged_at)} UTC{_by(incident.acknowledged_by)}.")
    if incident.status == "resolved" and incident.resolved_at is not None:
        cleared = _cleared(clearing) if clearing is not None else ""
        lines.append(f"Resolved at {format_clock(incident.resolved_at)} UTC{_by(incident.resolved_by)}.{cleared}")
    return lines


def _by(name: str | None) -> str:
    return f" by {clean(name, 63)}" if name else ""


def _cleared(clearing: Clearing) -> str:
    seen = []
    if clearing.rollback is not None:
        seen.append(f"rolled back to {version(clearing.rollback, 63)} at {format_clock(clearing.rollback.at)} UTC")
    if clearing.pods_total:
        seen.append(f"{clearing.pods_ready} of {plural(clearing.pods_total, 'pod')} are ready now")
    return f" Cleared: {'; '.join(seen)}." if seen else " What cleared it was not seen."


def _action(incident: IncidentRow, diagnosis: Diagnosis) -> list[str]:
    if diagnosis.causes:
        first = diagnosis.causes[0]
        lead = "Do" if first.score >= LIKELY_SCORE or first.change is None else "Do, if it is to blame"
        return [f"{'If it comes back' if incident.status == 'resolved' else lead}: {remedy(first)}"]
    if diagnosis.verdict is Verdict.NEVER_SEEN:
        name = clean(diagnosis.services[0], 63) if diagnosis.services else "this service"
        check = "check how spec.services of the integration maps this PagerDuty service (namespaces, selector)"
        return [f"Do: {check}, or post events for {name}."]
    return ["Worth checking next: traffic, what it calls outside the cluster, certificates, quotas."]


def _why(evidence: Evidence) -> list[str]:
    if not evidence.diagnosis.causes:
        return []
    lines = [(at, text, f"e{i}") for i, (at, text) in enumerate(_timeline(evidence.diagnosis.causes[0]), 1)]
    alerts = evidence.alerts
    if alerts.opened_at is not None:
        began = f"; its rule began to hold at {format_clock(alerts.began_at)}" if alerts.began_at is not None else ""
        lines.append((alerts.opened_at, f"alert opened: {clean(alerts.summary, 120)}{began}", "a1"))
    shown = sorted(lines, key=lambda line: int(line[0]))
    return ["Why (UTC)", *(f"- {format_clock(at)} {text}   [{name}]" for at, text, name in shown)]


def _timeline(cause: Cause) -> list[tuple[float, str]]:
    """Return the evidence of a cause in order of time; within a second the change comes first, then its faults."""
    lines = [(cause.change.at, change_line(cause.change))] if cause.change is not None else []
    lines += [(fault.first, fault_line(fault) + _lasting(fault)) for fault in cause.faults]
    return sorted(lines, key=lambda line: int(line[0]))[:MAX_EVIDENCE_LINES]


def _lasting(fault: Fault) -> str:
    return f", last seen {format_clock(fault.last)}" if fault.last - fault.first >= 1 else ""


def _others(diagnosis: Diagnosis) -> list[str]:
    lines = [
        shorten(f"Less likely: {format_clock(c.at)} {cause_sentence(c, diagnosis)}: {c.why}", 300)
        for c in diagnosis.causes[1:]
    ]
    lines += [
        shorten(f"Weak: {format_clock(c.at)} {cause_sentence(c, diagnosis)}: {c.why}", 300)
        for c in ([] if diagnosis.causes else diagnosis.weak)
    ]
    lines += [
        shorten(f"Ruled out: {format_clock(a.change.at)} {change_line(a.change)}: {a.why}", 400)
        for a in diagnosis.set_aside
    ]
    quiet = _quiet_dependencies(diagnosis) if diagnosis.verdict is not Verdict.NEVER_SEEN else []
    if quiet:
        names = clean(", ".join(quiet), 200)
        lines.append(f"Not seen: no change and no fault of {names} since {format_clock(diagnosis.since)[:5]} UTC")
    return lines


def _quiet_dependencies(diagnosis: Diagnosis) -> list[str]:
    changes = [c.change for c in [*diagnosis.causes, *diagnosis.weak] if c.change] + [
        a.change for a in diagnosis.set_aside
    ]
    faults = [fault for c in [*diagnosis.causes, *diagnosis.weak] for fault in c.faults]
    loud = {change.service for change in changes} | {fault.service for fault in faults}
    return [name for name in diagnosis.dependencies if name not in loud]


def _looked_at(evidence: Evidence) -> list[str]:
    diagnosis = evidence.diagnosis
    names = clean(", ".join(diagnosis.services), 200) or "no service"
    text = (
        f"Looked at: {plural(diagnosis.events_seen, 'event')} of {names} since {format_clock(diagnosis.since)[:5]} UTC"
    )
    if diagnosis.pods_total is not None:
        text += f", {plural(diagnosis.pods_total, 'pod')} live ({diagnosis.pods_ready} ready)"
    if diagnosis.last_event_at is not None and not diagnosis.events_seen:
        text += f", the last event was {duration(diagnosis.onset - diagnosis.last_event_at)} before the alert"
    return [text + ".", *(f"Not looked at: {clean(gap, 200)}." for gap in [*evidence.gaps, *evidence.limits])]
