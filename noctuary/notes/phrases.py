"""Sentences of a note: headlines that stand alone on a lock screen, and one line per piece of evidence."""

from collections.abc import Callable
from functools import partial

from noctuary.common.clock import format_clock
from noctuary.common.text import clean, duration, plural, shorten, shorten_middle
from noctuary.correlation.score import LIKELY_SCORE
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Diagnosis, Fault, FaultKind, Relation, Verdict
from noctuary.notes.fault_hints import hint

HEADLINE_CHARS = 120
"""What a phone's lock screen shows."""
MAX_LINE_CHARS = 400
EXIT_MEANINGS = {
    "126": "not executable",
    "127": "command not found",
    "134": "aborted",
    "137": "killed",
    "139": "segmentation fault",
    "143": "terminated",
}
"""A shell's codes, and 128 plus the number of a signal."""
_NODE_TROUBLES = {
    "NodeNotReady": "is not ready",
    "NodeMemoryPressure": "runs out of memory",
    "NodeDiskPressure": "runs out of disk",
    "NodePIDPressure": "runs out of process ids",
    "NodeNetworkUnavailable": "has no network",
}
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
    facts = [
        f"revision {clean(change.details[details.REVISION], 20)}" if details.REVISION in change.details else "",
        f"by {clean(change.actor, 63)}" if change.actor else "",
        f"changed: {clean(change.details[details.CHANGED], 120)}" if details.CHANGED in change.details else "",
    ]
    said = "; ".join(fact for fact in facts if fact)
    verb = _VERBS.get(change.event_type) or change.event_type.replace("_", " ")
    name = shorten_middle(clean(change.subject.name or change.service, 253), 63)
    return shorten(
        f"{name} {verb}" + (f": {values}" if values else "") + (f" ({said})" if said else ""), MAX_LINE_CHARS
    )


def fault_line(fault: Fault) -> str:
    """Return one fault with the pods it hit and what the platform says of it."""
    reason = clean(fault.details.get(details.REASON, ""), 63)
    is_node = fault.kind is FaultKind.NODE
    facts = [
        "" if is_node else reason,
        plural(int(fault.details[details.RESTARTS]), "restart") if _has_restarted(fault) else "",
        f"on {shorten_middle(clean(fault.nodes[0], 253), 40)}" if len(fault.nodes) == 1 and not is_node else "",
    ]
    said = ", ".join(fact for fact in facts if fact)
    message = "" if _says_missing(fault) else clean(fault.details.get(details.MESSAGE, "") or fault.text, 200)
    sentence = fault_sentence(fault, 63) + (f"; {said}" if said else "")
    is_new = message not in ("", reason, *fault.pods) and message not in sentence
    return shorten(sentence + (f": {message}" if is_new else ""), MAX_LINE_CHARS)


def fault_sentence(fault: Fault, limit: int) -> str:
    """Return what is wrong with what."""
    name = shorten_middle(clean(fault.subject.name or fault.service, 253), limit)
    pods = plural(len(fault.pods), "pod") + f" of {name}" if fault.pods else name
    verb = "" if len(fault.pods) > 1 else "s"
    missing = _missing(fault, limit)
    crashes = f"keep{verb} crashing" if _is_loop(fault) else "crashed"
    sentences = {
        FaultKind.CRASH_LOOP: f"{pods} {crashes}{_exit_code(fault)}",
        FaultKind.OUT_OF_MEMORY: f"{pods} ran out of memory{_limit(fault)}",
        FaultKind.IMAGE_PULL: f"{pods} cannot pull image {_image(fault, limit)}{hint(fault)}",
        FaultKind.MISSING_CONFIGURATION: f"{pods} cannot start: {missing} is missing",
        FaultKind.UNSCHEDULABLE: f"{pods} find{verb} no node to run on{hint(fault)}",
        FaultKind.EVICTED: f"{pods} {'were' if len(fault.pods) > 1 else 'was'} evicted{hint(fault)}",
        FaultKind.PROBE: f"{pods} fail{verb} the {_probe(fault, limit)}",
        FaultKind.REFUSED: f"pods of {name} {_refusal(fault, limit)}",
        FaultKind.NODE: f"node {name} {_node_trouble(fault)}",
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
    return f"{sentence}; {_symptom(cause.faults[0], limit)}" if with_symptom and cause.faults else sentence


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


def _symptom(fault: Fault, limit: int) -> str:
    """Return what became of a rollout's own pods."""
    missing = _missing(fault, limit)
    return {
        FaultKind.CRASH_LOOP: f"new pods crash{_exit_code(fault)}",
        FaultKind.OUT_OF_MEMORY: f"new pods run out of memory{_limit(fault)}",
        FaultKind.IMAGE_PULL: f"the image cannot be pulled{hint(fault)}",
        FaultKind.MISSING_CONFIGURATION: f"{missing} is missing",
        FaultKind.UNSCHEDULABLE: f"new pods find no node{hint(fault)}",
        FaultKind.PROBE: f"new pods fail the {_probe(fault, limit)}",
        FaultKind.REFUSED: f"new pods {_refusal(fault, limit)}",
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


def _is_loop(fault: Fault) -> bool:
    """Tell whether a container ended more than once; a single crash is no loop."""
    restarts = fault.details.get(details.RESTARTS, "")
    return fault.details.get(details.REASON) in ("CrashLoopBackOff", "BackOff") or restarts not in ("", "0", "1")


def _says_missing(fault: Fault) -> bool:
    return fault.kind is FaultKind.MISSING_CONFIGURATION and details.MISSING_NAME in fault.details


def _probe(fault: Fault, limit: int) -> str:
    """Return which probe fails and what it asks: `readiness probe (/ready)`."""
    target = shorten_middle(clean(fault.details.get(details.PROBE_TARGET, ""), 253), limit)
    name = clean(fault.details.get(details.PROBE, "") or "health", 20)
    return f"{name} probe" + (f" ({target})" if target else "")


def _refusal(fault: Fault, limit: int) -> str:
    """Return what keeps pods from being created: `exceed quota small (pods=2)`."""
    quota = shorten_middle(clean(fault.details.get(details.QUOTA, ""), 253), limit)
    if not quota:
        return f"cannot be created{hint(fault)}"
    most = clean(fault.details.get(details.QUOTA_LIMIT, ""), 40)
    return f"exceed quota {quota}" + (f" ({most})" if most else "")


def _node_trouble(fault: Fault) -> str:
    reason = clean(fault.details.get(details.REASON, ""), 40)
    return _NODE_TROUBLES.get(reason) or f"is in trouble ({reason or 'unknown'})"


def _noun(change: Change) -> str:
    return _NOUNS.get(change.event_type) or change.event_type.replace("_", " ")


def _exit_code(fault: Fault) -> str:
    code = clean(fault.details.get(details.EXIT_CODE, ""), 8)
    meaning = f" ({EXIT_MEANINGS[code]})" if code in EXIT_MEANINGS else ""
    return f" with exit code {code}{meaning}" if code else ""


def _limit(fault: Fault) -> str:
    limit = clean(fault.details.get(details.MEMORY_LIMIT, ""), 20)
    return f" (limit {limit})" if limit else ""


def _missing(fault: Fault, limit: int) -> str:
    """Return what a pod cannot start without: `ConfigMap settings`, `key url of Secret db`."""
    kind = clean(fault.details.get(details.MISSING_KIND, "") or "configuration", 20)
    name = shorten_middle(clean(fault.details.get(details.MISSING_NAME, ""), 253), limit)
    key = shorten_middle(clean(fault.details.get(details.MISSING_KEY, ""), 253), limit)
    return f"{f'key {key} of ' if key else ''}{kind} {name}".rstrip()


def _image(fault: Fault, limit: int) -> str:
    image = clean(fault.details.get(details.IMAGE, ""), 400)
    return shorten_middle(image.rsplit("/", 1)[-1], limit) if image else "(unnamed)"
