"""Sentences of a note: headlines that stand alone on a lock screen, and one line per piece of evidence."""

from collections.abc import Callable
from functools import partial

from noctuary.analyzers.base import wording
from noctuary.analyzers.registry import analyzer_of
from noctuary.common.clock import format_clock
from noctuary.common.text import clean, duration, plural, shorten, shorten_middle
from noctuary.correlation.score import LIKELY_SCORE
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Diagnosis, Fault, Relation, Verdict

HEADLINE_CHARS = 120
"""What a phone's lock screen shows."""
MAX_LINE_CHARS = 400
_VERBS: dict[str, str] = {EventType.DEPLOY: "rolled out", EventType.SCALE_EVENT: "scaled"}
_NOUNS: dict[str, str] = {EventType.DEPLOY: "rollout", EventType.SCALE_EVENT: "scaling"}
_NAME_LIMITS = (63, 40, 28, 16)
_MAX_REFERENCE_CHARS = 160


def headline(diagnosis: Diagnosis, prefix: str = "") -> str:
    """Return the answer in one line of at most 120 characters, with names shortened as far as it takes."""
    groups = _cause_builders(diagnosis.causes[0], diagnosis) if diagnosis.causes else [[_no_cause(diagnosis)]]
    texts = [prefix + build(limit) for builders in groups for limit in _NAME_LIMITS for build in builders]
    return next((text for text in texts if len(text) <= HEADLINE_CHARS), shorten(texts[-1], HEADLINE_CHARS))


def cause_sentence(cause: Cause, diagnosis: Diagnosis) -> str:
    """Return what a cause is, without saying how likely."""
    return _sentence(cause, diagnosis, 63, with_symptom=True)


def likelihood(cause: Cause) -> str:
    """Return the word for a score that is not calibrated yet."""
    return "Likely cause" if cause.score >= LIKELY_SCORE else "Possible cause"


def change_line(change: Change) -> str:
    """Return one change with what it changed, from and to, by whom."""
    new = change.details.get(details.IMAGE) or change.new_value or ""
    old = change.details.get(details.PREVIOUS_IMAGE) or change.old_value or ""
    values = " -> ".join(shorten_middle(clean(v, 400), _MAX_REFERENCE_CHARS) for v in (old, new) if v)
    parts = [
        f"revision {clean(change.details[details.REVISION], 20)}" if details.REVISION in change.details else "",
        f"by {clean(change.actor, 63)}" if change.actor else "",
        f"changed: {clean(change.details[details.CHANGED], 120)}" if details.CHANGED in change.details else "",
    ]
    said = "; ".join(part for part in parts if part)
    verb = _VERBS.get(change.event_type) or change.event_type.replace("_", " ")
    name = shorten_middle(clean(change.subject.name or change.service, 253), 63)
    return shorten(
        f"{name} {verb}" + (f": {values}" if values else "") + (f" ({said})" if said else ""), MAX_LINE_CHARS
    )


def fault_line(fault: Fault) -> str:
    """Return one fault with the pods it hit and what the platform says of it."""
    analyzer = analyzer_of(fault)
    reason = clean(fault.details.get(details.REASON, ""), 63)
    parts = [
        "" if analyzer.names_reason else reason,
        plural(int(fault.details[details.RESTARTS]), "restart") if _has_restarted(fault) else "",
        _where(fault) if len(fault.nodes) == 1 and not analyzer.names_reason else "",
    ]
    said = ", ".join(part for part in parts if part)
    message = analyzer.message(fault)
    sentence = fault_sentence(fault, 63) + (f"; {said}" if said else "")
    is_new = message not in ("", reason, *fault.pods) and message not in sentence
    return shorten(sentence + (f": {message}" if is_new else ""), MAX_LINE_CHARS)


def _where(fault: Fault) -> str:
    return f"on {shorten_middle(clean(fault.nodes[0], 253), 40)}"


def fault_sentence(fault: Fault, limit: int) -> str:
    """Return what is wrong with what."""
    name = shorten_middle(clean(fault.subject.name or fault.service, 253), limit)
    return analyzer_of(fault).sentence(fault, wording(fault, name, limit))


def version(change: Change, limit: int) -> str:
    """Return the short name of what was rolled out: the tag where only that changed, else image and tag."""
    new = clean(change.details.get(details.IMAGE) or change.new_value or "", 400)
    old = clean(change.details.get(details.PREVIOUS_IMAGE) or change.old_value or "", 400)
    if "@sha256:" in new:
        return new.split("@sha256:")[1][:12]
    short, old_short = new.rsplit("/", 1)[-1], old.rsplit("/", 1)[-1]
    name, _, tag = short.rpartition(":")
    same_name = name and name == old_short.rpartition(":")[0]
    return shorten_middle(tag if same_name else short, limit)


def _cause_builders(cause: Cause, diagnosis: Diagnosis) -> list[list[Callable[[int], str]]]:
    """Return ways to say it, best first: what it did matters more than how long ago, and both less than its name."""
    word = likelihood(cause)

    def say(limit: int, *, with_symptom: bool = True, with_age: bool = True) -> str:
        return f"{word}: {_sentence(cause, diagnosis, limit, with_symptom=with_symptom, with_age=with_age)}."

    return [[say, partial(say, with_age=False)], [partial(say, with_symptom=False)]]


def _sentence(cause: Cause, diagnosis: Diagnosis, limit: int, *, with_symptom: bool, with_age: bool = True) -> str:
    if cause.change is None:
        sentence = fault_sentence(cause.faults[0], limit)
        count = sum(len(fault.pods) for fault in cause.faults[1:])
        if with_symptom and cause.kind is CauseKind.NODE and count:
            name = shorten_middle(clean(cause.faults[1].subject.name, 253), limit)
            sentence += f"; {plural(count, 'pod')} of {name} {'fails' if count == 1 else 'fail'} there"
        elif with_symptom and cause.kind is CauseKind.NODE:
            sentence += f"; {cause.why}"
        return sentence
    sentence = _change_sentence(cause.change, diagnosis.onset if with_age else None, limit)
    return (
        f"{sentence}; {analyzer_of(cause.faults[0]).symptom(cause.faults[0], limit)}"
        if with_symptom and cause.faults
        else sentence
    )


def _change_sentence(change: Change, onset: float | None, limit: int) -> str:
    """Return what changed, and how long before the onset where that is given."""
    name = shorten_middle(clean(change.subject.name or change.service, 253), limit)
    if change.relation is Relation.DEPENDENCY:
        name += " (a dependency)"
    when = f", {duration(max(0.0, onset - change.at))} before this alert" if onset is not None else ""
    if change.is_rollout:
        to = version(change, limit)
        return f"{name} was rolled out to {to}{when}" if to else f"{name} was rolled out{when.removeprefix(',')}"
    if change.event_type == EventType.SCALE_EVENT:
        old = f" from {clean(change.old_value, limit)}" if change.old_value else ""
        return f"{name} was scaled{old} to {clean(change.new_value or '?', limit)}{when}"
    what = change.event_type.replace("_", " ")
    to = f" to {clean(change.new_value, limit)}" if change.new_value else ""
    return f"{what} of {name}{to}{when}"


def _no_cause(diagnosis: Diagnosis) -> Callable[[int], str]:
    name = ", ".join(clean(name, 253) for name in diagnosis.services) or "this service"
    since = format_clock(diagnosis.since)[:5]
    if diagnosis.verdict is Verdict.NEVER_SEEN:
        return lambda limit: f"No context yet: nothing was ever seen of {shorten_middle(name, limit)}."
    if diagnosis.weak:
        first = diagnosis.weak[0]
        return lambda limit: (
            f"No recent change explains this well; weak: {_sentence(first, diagnosis, limit, with_symptom=False)}."
        )
    if diagnosis.set_aside:
        aside = diagnosis.set_aside[0]
        return lambda limit: (
            f"No recent change explains this: the {_noun(aside.change)} of "
            f"{shorten_middle(clean(aside.change.service, 253), limit)} "
            f"at {format_clock(aside.change.at)[:5]} is not to blame, {aside.why}."
        )
    if diagnosis.dependencies:
        return lambda limit: (
            f"No recent change explains this: nothing changed in {shorten_middle(name, limit)} or what it depends on "
            f"since {since} UTC."
        )
    return lambda limit: (
        f"No recent change explains this: nothing was deployed or reconfigured in {shorten_middle(name, limit)} "
        f"since {since} UTC."
    )


def _has_restarted(fault: Fault) -> bool:
    return fault.details.get(details.RESTARTS, "0") not in ("", "0")


def _noun(change: Change) -> str:
    return _NOUNS.get(change.event_type) or change.event_type.replace("_", " ")
