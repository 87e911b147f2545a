"""Sentences of a note: headlines that stand alone on a lock screen, and one line per piece of evidence."""

from collections.abc import Callable

from noctuary import details
from noctuary.clock import format_clock
from noctuary.correlation.model import Cause, CauseKind, Change, Diagnosis, Fault, FaultKind, Relation, Verdict
from noctuary.correlation.score import LIKELY_SCORE
from noctuary.text import clean, duration, plural, shorten, shorten_middle

HEADLINE_CHARS = 120
"""What a phone's lock screen shows."""
MAX_LINE_CHARS = 400
_NAME_LIMITS = (63, 40, 28, 16)
_MAX_REFERENCE_CHARS = 160


def headline(diagnosis: Diagnosis, prefix: str = "") -> str:
    """Return the answer in one line of at most 120 characters, with names shortened as far as it takes."""
    builders = _cause_builders(diagnosis.causes[0], diagnosis) if diagnosis.causes else [_no_cause(diagnosis)]
    for build in builders:
        for limit in _NAME_LIMITS:
            text = prefix + build(limit)
            if len(text) <= HEADLINE_CHARS:
                return text
    return shorten(text, HEADLINE_CHARS)


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
    facts = [
        f"revision {clean(change.details[details.REVISION], 20)}" if details.REVISION in change.details else "",
        f"by {clean(change.actor, 63)}" if change.actor else "",
        f"changed: {clean(change.details[details.CHANGED], 120)}" if details.CHANGED in change.details else "",
    ]
    said = "; ".join(fact for fact in facts if fact)
    verb = "rolled out" if change.is_rollout else change.event_type.replace("_", " ")
    name = shorten_middle(clean(change.subject.name or change.service, 253), 63)
    return shorten(
        f"{name} {verb}" + (f": {values}" if values else "") + (f" ({said})" if said else ""), MAX_LINE_CHARS
    )


def fault_line(fault: Fault) -> str:
    """Return one fault with the pods it hit and what the platform says of it."""
    facts = [
        clean(fault.details.get(details.REASON, ""), 63),
        plural(int(fault.details[details.RESTARTS][:8]), "restart") if _has_restarted(fault) else "",
        f"node {shorten_middle(clean(fault.nodes[0], 253), 40)}" if len(fault.nodes) == 1 else "",
        clean(fault.details.get(details.MESSAGE, "") or fault.text, 120),
    ]
    said = ", ".join(dict.fromkeys(fact for fact in facts if fact))
    return shorten(f"{fault_sentence(fault, 63)}" + (f": {said}" if said else ""), MAX_LINE_CHARS)


def fault_sentence(fault: Fault, limit: int) -> str:
    """Return what is wrong with what."""
    name = shorten_middle(clean(fault.subject.name or fault.service, 253), limit)
    pods = plural(len(fault.pods), "pod") + f" of {name}" if fault.pods else name
    verb = "" if len(fault.pods) > 1 else "s"
    missing = shorten_middle(clean(fault.details.get(details.MISSING_NAME, ""), 253), limit)
    sentences = {
        FaultKind.CRASH_LOOP: f"{pods} crash{verb and 'es'} again and again{_exit_code(fault)}",
        FaultKind.OUT_OF_MEMORY: f"{pods} ran out of memory{_limit(fault)}",
        FaultKind.IMAGE_PULL: f"{pods} cannot pull image {_image(fault, limit)}",
        FaultKind.MISSING_CONFIGURATION: f"{pods} cannot start: {_missing_kind(fault)} {missing} is missing",
        FaultKind.UNSCHEDULABLE: f"{pods} find{verb} no node to run on",
        FaultKind.EVICTED: f"{pods} {'were' if len(fault.pods) > 1 else 'was'} evicted",
        FaultKind.PROBE: f"{pods} fail{verb} the health probe",
        FaultKind.NODE: f"node {name} is in trouble ({clean(fault.details.get(details.REASON, 'unknown'), 40)})",
    }
    return sentences.get(fault.kind) or f"{name}: {clean(fault.text or 'a fault was reported', limit)}"


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


def _cause_builders(cause: Cause, diagnosis: Diagnosis) -> list[Callable[[int], str]]:
    word = likelihood(cause)
    return [
        lambda limit: f"{word}: {_sentence(cause, diagnosis, limit, with_symptom=True)}.",
        lambda limit: f"{word}: {_sentence(cause, diagnosis, limit, with_symptom=False)}.",
    ]


def _sentence(cause: Cause, diagnosis: Diagnosis, limit: int, *, with_symptom: bool) -> str:
    if cause.change is None:
        sentence = fault_sentence(cause.faults[0], limit)
        count = sum(len(fault.pods) for fault in cause.faults[1:])
        if with_symptom and cause.kind is CauseKind.NODE and count:
            name = shorten_middle(clean(cause.faults[1].subject.name, 253), limit)
            sentence += f"; {plural(count, 'pod')} of {name} fail there"
        return sentence
    sentence = _change_sentence(cause.change, diagnosis.onset, limit)
    return f"{sentence}; {_symptom(cause.faults[0], limit)}" if with_symptom and cause.faults else sentence


def _change_sentence(change: Change, onset: float, limit: int) -> str:
    name = shorten_middle(clean(change.subject.name or change.service, 253), limit)
    if change.relation is Relation.DEPENDENCY:
        name += " (a dependency)"
    when = f"{duration(max(0.0, onset - change.at))} before this alert"
    if change.is_rollout:
        to = version(change, limit)
        return f"{name} was rolled out to {to} {when}" if to else f"{name} was rolled out {when}"
    what = change.event_type.replace("_", " ")
    to = f" to {clean(change.new_value, limit)}" if change.new_value else ""
    return f"{what} of {name}{to} {when}"


def _symptom(fault: Fault, limit: int) -> str:
    """Return what became of a rollout's own pods."""
    missing = shorten_middle(clean(fault.details.get(details.MISSING_NAME, ""), 253), limit)
    return {
        FaultKind.CRASH_LOOP: f"new pods crash{_exit_code(fault)}",
        FaultKind.OUT_OF_MEMORY: f"new pods run out of memory{_limit(fault)}",
        FaultKind.IMAGE_PULL: "the image cannot be pulled",
        FaultKind.MISSING_CONFIGURATION: f"{_missing_kind(fault)} {missing} is missing",
        FaultKind.UNSCHEDULABLE: "new pods find no node",
        FaultKind.PROBE: "new pods fail the health probe",
        FaultKind.EVICTED: "new pods are evicted",
    }.get(fault.kind, "its pods fail since")


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
            f"No recent change explains this: {_noun(aside.change)} of {shorten_middle(aside.change.service, limit)} "
            f"at {format_clock(aside.change.at)[:5]} is not to blame, {aside.why}."
        )
    return lambda limit: (
        f"No recent change explains this: nothing was deployed or reconfigured in {shorten_middle(name, limit)} "
        f"since {since} UTC."
    )


def _has_restarted(fault: Fault) -> bool:
    return fault.details.get(details.RESTARTS, "")[:8].isdigit() and fault.details[details.RESTARTS] != "0"


def _noun(change: Change) -> str:
    return "rollout" if change.is_rollout else change.event_type.replace("_", " ")


def _exit_code(fault: Fault) -> str:
    code = clean(fault.details.get(details.EXIT_CODE, ""), 8)
    return f" with exit code {code}" if code else ""


def _limit(fault: Fault) -> str:
    limit = clean(fault.details.get(details.MEMORY_LIMIT, ""), 20)
    return f" (limit {limit})" if limit else ""


def _missing_kind(fault: Fault) -> str:
    return clean(fault.details.get(details.MISSING_KIND, "") or "configuration", 20)


def _image(fault: Fault, limit: int) -> str:
    image = clean(fault.details.get(details.IMAGE, ""), 400)
    return shorten_middle(image.rsplit("/", 1)[-1], limit) if image else "(unnamed)"
