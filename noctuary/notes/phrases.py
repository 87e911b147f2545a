"""Sentences of a note: what a cause is, and one line per piece of evidence."""

import re

from noctuary.analyzers.base import container_named, wording
from noctuary.analyzers.registry import analyzer_of
from noctuary.analyzers.unschedulable import Unschedulable
from noctuary.common.text import duration, plural, shorten, shorten_middle
from noctuary.common.words import COUNT, disarmed, is_kind, is_subdomain, phrase, plain_value, quoted, short_sha
from noctuary.correlation.change_checks import NOTHING_RUNS
from noctuary.correlation.effects.objects import is_of_object
from noctuary.correlation.effects.workloads import is_restart
from noctuary.correlation.fault_checks import SINCE
from noctuary.correlation.rollouts.pods import CONFIGURATION, NONE_RUNS, NOT_READY, are_ready
from noctuary.correlation.taken_back import is_deletion
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Diagnosis, Fault, Relation
from noctuary.notes.advice.objects import object_sentence
from noctuary.notes.differences import with_differences
from noctuary.notes.posted import (
    as_told,
    fault_words,
    lent_by,
    link_of,
    of_what,
    setting_sentence,
    told_by,
    told_line,
    vendor_of,
)
from noctuary.notes.tense import past, until
from noctuary.notes.values import (
    changed_parts,
    from_to,
    is_rereading,
    is_same_image,
    is_staged,
    rollouts_of_row,
    shown_name,
    version,
)

MAX_LINE_CHARS = 400
_NUMBER = re.compile(r"[0-9]{1,18}")
IMAGE_OF = "image of "
"""How a rollout's summary names the image of a container that is not the first one."""
_SETTINGS = frozenset({EventType.FLAG_CHANGE, EventType.CONFIG_CHANGE, EventType.SCHEMA_CHANGE})


def cause_sentence(cause: Cause, diagnosis: Diagnosis) -> str:
    """Return what a cause is, without saying how likely; what others tell with who told it, when it is told once."""
    if cause.change is None:
        fault = cause.faults[0]
        return fault_line(fault) if fault.is_posted else sentence(cause, diagnosis, 63, with_symptom=True)
    if not cause.change.is_posted:
        return sentence(cause, diagnosis, 63, with_symptom=True)
    symptom = _symptom(cause, 63)
    return change_line(cause.change) + (f"; {symptom}" if symptom else "")


def sentence(cause: Cause, diagnosis: Diagnosis, limit: int, *, with_symptom: bool, with_age: bool = True) -> str:
    """Return what a cause is, with names of at most so many characters."""
    if cause.change is None:
        said = fault_sentence(cause.faults[0], limit)
        if with_symptom and cause.why.startswith(SINCE):
            return f"{said} {cause.why}"
        said += until(cause.faults[0], diagnosis.onset) if with_age else ""
        return said + (_felt(cause, limit) if with_symptom and cause.kind is CauseKind.NODE else "")
    changed = _change_sentence(cause.change, _age(cause.change, diagnosis) if with_age else "", limit)
    said = as_told(cause.change, changed, limit)
    symptom = _symptom(cause, limit) if with_symptom else ""
    return f"{said}; {symptom}" if symptom else said


def failing_since(cause: Cause, limit: int) -> str:
    """Return which pods fail since when: what acquits or points matters more than how they fail."""
    fault = cause.faults[0]
    told = wording(fault, shown_name(fault, limit), limit)
    return f"{told.pods} {'failed' if fault.is_over else f'fail{told.s}'} {cause.why}"


def _felt(cause: Cause, limit: int) -> str:
    """Return which pods feel a bad node."""
    there = [fault for fault in cause.faults[1:] if fault.kind != Unschedulable.kind]
    felt = there or cause.faults[1:]
    count = sum(len(fault.shown_pods) for fault in felt)
    if not count:
        return f"; {cause.why}"
    one, many = ("fails there", "fail there") if there else ("finds no other node", "find no other node")
    suffered = one if count == 1 else many
    told = past(suffered) if all(fault.is_over for fault in felt) else suffered
    return f"; {plural(count, 'pod')} of {shown_name(felt[0], limit)} {told}"


def _symptom(cause: Cause, limit: int) -> str:
    """Return what became of a change: what its own pods suffer, or that they are ready."""
    runs_nothing = cause.why in (NOTHING_RUNS, past(NOTHING_RUNS))
    if not cause.faults or runs_nothing or are_ready(cause):
        is_told = runs_nothing or cause.why.startswith((NONE_RUNS, "its pods", CONFIGURATION))
        return cause.why if is_told or cause.why.endswith(NOT_READY) else ""
    fault = cause.faults[0]
    is_its_own = cause.change is None or fault.subject == cause.change.subject or not cause.change.subject.kind
    if fault.is_posted or cause.kind is not CauseKind.ROLLOUT or not is_its_own:
        return fault_sentence(fault, limit)
    told = disarmed(analyzer_of(fault).symptom(fault, limit), MAX_LINE_CHARS) + _of_others(cause)
    return past(told) if fault.is_over else told


def _of_others(cause: Cause) -> str:
    """Return that pods of other versions fail as well: the old ones, or those that were to mend a rollout."""
    if cause.change is None:
        return ""
    row = rollouts_of_row(cause.change)
    known = {"", cause.change.details.get(details.TEMPLATE_HASH, ""), *row}
    if any(fault.template_hash not in known and fault.subject == cause.change.subject for fault in cause.faults):
        return ", old pods too"
    return ", the next rollout's too" if len(row) == 1 else f", {len(row)} later rollouts' too" if row else ""


def fault_sentence(fault: Fault, limit: int) -> str:
    """Return what is wrong with what; in the past tense when it is over."""
    if fault.is_posted:
        return as_told(fault, fault_words(fault, limit), limit)
    said = analyzer_of(fault).sentence(fault, wording(fault, shown_name(fault, limit), limit))
    told = disarmed(said, MAX_LINE_CHARS)
    return past(told) if fault.is_over else told


def _age(change: Change, diagnosis: Diagnosis) -> str:
    """Return `, 60 s before this alert`; what came seconds after it is within what clocks differ."""
    gap_s = diagnosis.onset - change.at
    if gap_s < 1:
        return ", as it was reopened" if diagnosis.is_of_reopening else ", as the alert began"
    return f", {duration(gap_s)} before {'the reopening' if diagnosis.is_of_reopening else 'this alert'}"


def _change_sentence(change: Change, when: str, limit: int) -> str:
    """Return what changed, and `when` behind it."""
    if is_of_object(change):
        return object_sentence(change, limit) + when
    name = shown_name(change, limit)
    if change.relation is Relation.DEPENDENCY:
        name += " (a dependency)"
    if change.relation is Relation.NEIGHBOUR:
        name += " (not named by the alert)"
    if change.is_rollout:
        return f"{name} {_rolled_out(change, limit)}{when}".replace("rolled out, ", "rolled out ")
    if is_deletion(change):
        return f"{change.subject.kind if is_kind(change.subject.kind) else ''} {name} was deleted{when}".lstrip()
    if change.event_type == EventType.SCALE_EVENT:
        old = plain_value(change.old_value)
        return f"{name} was scaled{f' from {old}' if old else ''} to {plain_value(change.new_value) or '?'}{when}"
    if is_staged(change):
        return f"{name} got another template that no pod runs yet{when}"
    if change.event_type in _SETTINGS:
        return setting_sentence(change, limit) + when
    return f"{change.event_type.replace('_', ' ')} of {name}{when}"


def _rolled_out(change: Change, limit: int) -> str:
    """Return what a rollout brought: another version, or what else of its template changed."""
    changed = changed_parts(change, 253)
    if is_rereading(change):
        return "was restarted with a changed ConfigMap or Secret"
    if is_restart(change):
        return "was restarted"
    if is_same_image(change) and changed:
        return f"was rolled out {with_differences(changed, limit)}"
    to = version(change, limit)
    if changed.startswith(IMAGE_OF):
        to += f" of {shorten_middle(changed.partition(',')[0].removeprefix(IMAGE_OF), limit)}" if to else ""
    return f"was rolled out to {to}" if to else "was rolled out"


def change_line(change: Change) -> str:
    """Return one change with what it changed, from and to, by whom."""
    values = from_to(change)
    if is_of_object(change):
        said = object_sentence(change, 120)
    elif change.event_type in _SETTINGS and not is_staged(change):
        said = setting_sentence(change, 63)
    else:
        shown = f": {values}" if values and not is_deletion(change) else ""
        said = f"{shown_name(change, 63)} {_verb(change)}{shown}"
    facts, commit, old = change.details, short_sha(change.sha), change.old_value or ""
    parts = [
        f"it had {plural(int(old), 'replica')}" if is_deletion(change) and COUNT.fullmatch(old) else "",
        vendor_of(change) if change.is_posted else "",
        f"commit {commit}{lent_by(change)}" if commit and commit not in values else "",
        f"revision {facts[details.REVISION]}" if _NUMBER.fullmatch(facts.get(details.REVISION, "")) else "",
        *told_by(change),
        f"changed: {changed_parts(change, 120)}" if details.CHANGED in facts and not is_of_object(change) else "",
        f"reaches {quoted(facts[details.STAGED].replace(';', ','), 80)}" if details.STAGED in facts else "",
        "deleted since" if details.DELETED_SINCE in facts else "",
        "by an autoscaler" if details.BY_AUTOSCALER in facts else "",
        *of_what(change, said),
    ]
    parts = [part for part in parts if part not in said]
    told = "; ".join(part for part in parts if part)
    return shorten(said + (f" ({told})" if told else ""), MAX_LINE_CHARS) + link_of(change)


def _verb(change: Change) -> str:
    if change.is_rollout:
        return "restarted" if is_restart(change) else "rolled out"
    if is_deletion(change):
        return "deleted"
    if is_staged(change):
        return "template changed"
    return "scaled" if change.event_type == EventType.SCALE_EVENT else change.event_type.replace("_", " ")


def fault_line(fault: Fault) -> str:
    """Return one fault with the pods it hit and what the platform says of it."""
    if fault.is_posted:
        said, told = told_line(fault), "; ".join(told_by(fault))
        return shorten(said + (f" ({told})" if told else ""), MAX_LINE_CHARS) + link_of(fault)
    reason = phrase(fault.details.get(details.REASON, ""), 63)
    told = fault_sentence(fault, 63)
    said = ", ".join(part for part in _facts(fault, reason) if part and part not in told)
    message = disarmed(analyzer_of(fault).message(fault), MAX_LINE_CHARS)
    line = told + (f"; {said}" if said else "")
    is_new = message not in ("", reason, *fault.pods) and message not in line
    return shorten(line + (f": {message}" if is_new else ""), MAX_LINE_CHARS)


def _facts(fault: Fault, reason: str) -> list[str]:
    names_reason = analyzer_of(fault).names_reason
    restarts = restarts_of(fault)
    return [
        "" if names_reason else reason,
        plural(restarts, "restart") if restarts else "",
        container_named(fault, 63).strip(),
        f"on {shorten_middle(fault.nodes[0], 40)}" if _is_on_one_node(fault) and not names_reason else "",
    ]


def restarts_of(fault: Fault) -> int:
    """Return how often the failing containers restarted; 0 where nobody counted."""
    told = fault.details.get(details.RESTARTS, "0")
    return int(told) if COUNT.fullmatch(told) else 0


def _is_on_one_node(fault: Fault) -> bool:
    return len(fault.nodes) == 1 and is_subdomain(fault.nodes[0])
