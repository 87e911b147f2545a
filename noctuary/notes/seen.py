"""What stands behind an answer: its evidence in order of time, what is less likely, what was looked at and what not."""

import re
from collections.abc import Iterator

from noctuary.common.clock import format_moment
from noctuary.common.text import clean, duration, plural, shorten
from noctuary.common.words import disarmed
from noctuary.correlation.lasting import WELL_S
from noctuary.correlation.rollouts.against import RAN_WELL
from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, SetAside, Verdict
from noctuary.models.evidence import Evidence
from noctuary.models.live_view import NOT_WATCHED
from noctuary.notes.certainty import chance
from noctuary.notes.phrases import cause_sentence, change_line, fault_line, fault_sentence, restarts_of
from noctuary.notes.tense import until

MAX_EVIDENCE_LINES = 20
MAX_OTHER_CHARS = 900
"""A line of evidence, its link, and why it is not the answer: a link that is cut leads nowhere."""
MAX_BACKGROUND = 5
MAX_WEAK = 3
MAX_CHANGED = 12
CHANGED = "Changed recently, not shown to be related"
_HISTORY = re.compile(r"[0-9]{1,12}:([0-9]{1,9})(?= |$)")


def why(evidence: Evidence) -> list[str]:
    """Return the evidence of the first cause, or of both where none is preferred, and the alert, in order of time."""
    diagnosis = evidence.diagnosis
    if not diagnosis.causes:
        return []
    told = _timeline(diagnosis)
    lines = [(at, text, f"e{i}") for i, (at, text) in enumerate(told[:MAX_EVIDENCE_LINES], 1)]
    cut = len(told) - len(lines)
    alerts = evidence.alerts
    opened_at = alerts.opened_before if alerts.opened_at is None else alerts.opened_at
    if opened_at is not None:
        began = "" if alerts.began_at is None else f"; its rule began to hold at {_at(alerts.began_at, diagnosis)}"
        lines.append((opened_at, f"alert opened: {disarmed(alerts.summary, 120)}{began}", "a1"))
    shown = sorted(lines, key=lambda line: int(line[0]))
    more = [f"- and {plural(cut, 'line')} more, left out here"] if cut > 0 else []
    return ["Why (UTC)", *(f"- {_at(at, diagnosis)} {text}   [{name}]" for at, text, name in shown), *more]


def _at(seconds: float, diagnosis: Diagnosis) -> str:
    return format_moment(seconds, diagnosis.onset)


def _minute(seconds: float, diagnosis: Diagnosis) -> str:
    return _at(seconds, diagnosis)[:-3]


def _shown(diagnosis: Diagnosis) -> int:
    """Return how many causes the answer names."""
    return 2 if diagnosis.is_undecided else 1


def _timeline(diagnosis: Diagnosis) -> list[tuple[float, str]]:
    """Return the evidence of the answer in order of time; within a second the change comes first, then its faults."""
    causes = diagnosis.causes[: _shown(diagnosis)]
    lines = [(cause.change.at, change_line(cause.change)) for cause in causes if cause.change is not None]
    lines += [
        (fault.first, fault_line(fault) + _lasting(fault, diagnosis)) for cause in causes for fault in cause.faults
    ]
    return sorted(lines, key=lambda line: int(line[0]))


def _lasting(fault: Fault, diagnosis: Diagnosis) -> str:
    if told := until(fault, diagnosis.onset):
        return f",{told}"
    return f", last seen {_at(fault.last, diagnosis)}" if fault.last - fault.first >= 1 else ""


def others(diagnosis: Diagnosis) -> list[str]:
    """Return what is less likely, what was ruled out, what goes on since long, and what was quiet."""
    return [
        *(_other("Less likely", cause, diagnosis) for cause in diagnosis.causes[_shown(diagnosis) :]),
        *(_other("Weak", cause, diagnosis) for cause in _weak(diagnosis)[:MAX_WEAK]),
        *_changed(diagnosis),
        *(
            shorten(
                f"{_aside(aside)}: {_at(aside.change.at, diagnosis)} {change_line(aside.change)}: {aside.why}",
                MAX_OTHER_CHARS,
            )
            for aside in diagnosis.set_aside
        ),
        *_more_set_aside(diagnosis),
        *_symptoms(diagnosis),
        *_ran_well(diagnosis),
        *_background(diagnosis),
        *_quiet(diagnosis),
    ]


def _aside(aside: SetAside) -> str:
    """Return how sure it is that a change is not to blame: a leak needs hours, so a time that went well is no proof."""
    return "Less likely" if aside.why.startswith(RAN_WELL) else "Ruled out"


def _more_set_aside(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.set_aside_more:
        yield f"Ruled out, too: {plural(diagnosis.set_aside_more, 'earlier change')}"


def _other(word: str, cause: Cause, diagnosis: Diagnosis) -> str:
    said = cause_sentence(cause, diagnosis)
    why = "" if cause.why in said else f": {cause.why}"
    return shorten(f"{word}{chance(cause.probability)}: {_at(cause.at, diagnosis)} {said}{why}", MAX_OTHER_CHARS)


def _weak(diagnosis: Diagnosis) -> list[Cause]:
    """Return what is told as weak: beside no cause, the changes are told in a line of their own."""
    return [cause for cause in diagnosis.weak if diagnosis.causes or cause.change is None]


def _changed(diagnosis: Diagnosis) -> Iterator[str]:
    """Name what changed and is not shown to be related, each with its time and how probable it is."""
    weak = [] if diagnosis.causes else diagnosis.weak
    changes = [(cause, cause.change) for cause in weak if cause.change is not None]
    told = [
        f"{_at(change.at, diagnosis)} {change_line(change)}{chance(cause.probability)}"
        for cause, change in changes[:MAX_CHANGED]
    ]
    more = len(changes) - len(told) + diagnosis.changes_more
    if told:
        yield f"{CHANGED}: {'; '.join(told)}{f'; and {more:d} more' if more else ''}"


def _symptoms(diagnosis: Diagnosis) -> Iterator[str]:
    """Say what is felt and nothing explains, with its time: whatever is to blame came before it."""
    for fault in diagnosis.symptoms:
        yield f"Felt since {_at(fault.first, diagnosis)}: {fault_line(fault)}"


def _ran_well(diagnosis: Diagnosis) -> Iterator[str]:
    is_told = any(aside.why.startswith(RAN_WELL) for aside in diagnosis.set_aside)
    if diagnosis.ran_well_s is not None and not is_told:
        yield f"The version had run well for {duration(diagnosis.ran_well_s)} before"


def _background(diagnosis: Diagnosis) -> Iterator[str]:
    """Say what goes on since long before, in one line: it is no cause, but a reader will meet it."""
    told = [
        f"{fault_sentence(fault, 63)} since {_at(fault.first, diagnosis)}{_times_seen(fault)}"
        for fault in diagnosis.background[:MAX_BACKGROUND]
    ]
    more = len(diagnosis.background) - len(told)
    if told:
        yield shorten(f"Going on since long before: {'; '.join(told)}{f'; {more} more' if more else ''}", 400)


def _times_seen(fault: Fault) -> str:
    """Return ` (40 restarts)` or ` (480 times)`; nothing where nobody counted: one report stands for many."""
    counts = _HISTORY.findall(fault.details.get(details.HISTORY, ""))
    restarts = restarts_of(fault)
    if counts:
        return f" ({plural(int(counts[-1]), 'time')})"
    return f" ({plural(restarts, 'restart')})" if restarts else ""


def _ran_at_first(cause: Cause) -> bool:
    """Tell whether the pods of a rollout ran for minutes before they failed: something else may be new to them."""
    faults = [fault for fault in cause.faults if fault.details.get(details.NEVER_READY) != "1"]
    if cause.change is None or not cause.change.is_rollout or len(faults) < len(cause.faults):
        return False
    return min((fault.first for fault in faults), default=0.0) - cause.change.at > WELL_S


def _quiet(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.verdict is Verdict.NEVER_SEEN:
        return
    blamed = [*diagnosis.causes, *diagnosis.weak]
    changes = [cause.change for cause in blamed if cause.change] + [aside.change for aside in diagnosis.set_aside]
    faults = [*(fault for cause in blamed for fault in cause.faults), *diagnosis.background]
    loud = {change.service for change in changes} | {fault.service for fault in faults}
    quiet = [name for name in diagnosis.dependencies if name not in loud]
    if quiet:
        names = clean(", ".join(quiet), 200)
        yield f"Not seen: no change and no fault of {names} since {_minute(diagnosis.since, diagnosis)} UTC"


def considered(diagnosis: Diagnosis) -> list[str]:
    """Return what an answer without a cause rests on: what was looked at, and what was ruled out by which fact."""
    return [_looked_at(diagnosis), *others(diagnosis)]


def looked_at(evidence: Evidence) -> list[str]:
    """Return what was looked at, where `considered` does not say it, and everything that was not."""
    first = [_looked_at(evidence.diagnosis)] if names_cause(evidence.diagnosis) else []
    return [*first, *not_looked_at(evidence)]


def names_cause(diagnosis: Diagnosis) -> bool:
    """Tell whether there is anything to say before what was looked at: a cause, or that nothing was ever seen."""
    return diagnosis.verdict is not Verdict.NOTHING_RELEVANT


def _looked_at(diagnosis: Diagnosis) -> str:
    names = clean(", ".join(diagnosis.services), 200) or "no service"
    since = _minute(diagnosis.since, diagnosis)
    if diagnosis.neighbours:
        names += (
            f", which the alert names, and of {plural(len(diagnosis.neighbours), 'other service')} mapped beside it"
        )
    text = f"Looked at: {plural(diagnosis.events_seen, 'event')} of {names} since {since} UTC"
    if diagnosis.pods_total is not None:
        text += f", {plural(diagnosis.pods_total, 'pod')} live ({diagnosis.pods_ready} ready)"
    if diagnosis.last_event_at and diagnosis.last_event_at < diagnosis.since and not diagnosis.events_seen:
        text += f", the last event was {duration(diagnosis.onset - diagnosis.last_event_at)} before the alert"
    return text + "."


def not_looked_at(evidence: Evidence) -> list[str]:
    """Return what could not be looked at, is never looked at here, or may not be any more."""
    closed = evidence.standing.closed if evidence.standing is not None else []
    gaps = dict.fromkeys([*evidence.gaps, *evidence.limits, *closed, *_not_watched(evidence.diagnosis)])
    return [f"Not looked at: {clean(gap, 200)}." for gap in gaps]


def _not_watched(diagnosis: Diagnosis) -> Iterator[str]:
    """Say what is never watched wherever it may be the cause: while none is likely, or its pods were well at first."""
    first = diagnosis.causes[0] if diagnosis.causes else None
    is_sure = first is not None and counts_as_likely(first) and not _ran_at_first(first)
    if not is_sure and diagnosis.verdict is not Verdict.NEVER_SEEN:
        yield f"changes of {', '.join(NOT_WATCHED[:-1])} and {NOT_WATCHED[-1]}, which are not watched"
