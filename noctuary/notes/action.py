"""The second block: what to do, with each command alone on its line."""

from noctuary.analyzers.base import Advice
from noctuary.common.clock import format_moment
from noctuary.common.text import shorten_middle
from noctuary.common.words import MAX_SUBDOMAIN_CHARS, is_subdomain, plain_phrase, prose, quoted, remark
from noctuary.correlation.effects.objects import is_of_object
from noctuary.correlation.score import counts_as_likely
from noctuary.models.diagnosis import Cause, Change, Diagnosis, Verdict
from noctuary.models.evidence import Evidence
from noctuary.notes.advice.objects import named_object
from noctuary.notes.advice.remedies import remedy
from noctuary.notes.headline import noun_of
from noctuary.notes.left import replaced_already, undone_already
from noctuary.notes.posted import SETTING_NOUNS
from noctuary.notes.values import is_staged, shown_name

DO, DO_IF = "Do:", "Do, if it is to blame:"
AGAIN, AGAIN_IF = "If it comes back:", "If it comes back, and it is to blame:"
MAP_IT = "check how spec.services of the integration maps this PagerDuty service (namespaces, selector)"
"""What to do while nothing was ever seen, whatever became of the incident."""
NEXT = "Worth checking next:"
ELSEWHERE = "traffic, what it calls outside the cluster, certificates, quotas"
ACTION_STARTS = (DO, DO_IF, AGAIN, AGAIN_IF)


def action(evidence: Evidence, *, is_resolved: bool) -> list[str]:
    """Return what to do about the first cause, or what to check where there is none."""
    diagnosis = evidence.diagnosis
    if diagnosis.causes:
        first = diagnosis.causes[0]
        if diagnosis.is_undecided:
            return _compare(evidence, is_resolved=is_resolved)
        advice = remedy(first, diagnosis, evidence.standing, is_resolved=is_resolved)
        is_look = first.change is None and not advice.changes
        is_sure = counts_as_likely(first) or is_look or _is_left(first, evidence)
        lead, doubting = (AGAIN, AGAIN_IF) if is_resolved else (DO, DO_IF)
        return advised(lead if is_sure else doubting, advice)
    if diagnosis.verdict is Verdict.NEVER_SEEN:
        return [_map_it(diagnosis)]
    if any(cause.change is not None for cause in diagnosis.weak):
        return [f"{NEXT} whether the trouble began with one of these changes; {ELSEWHERE}."]
    return [f"{NEXT} {ELSEWHERE}."]


def _compare(evidence: Evidence, *, is_resolved: bool) -> list[str]:
    """Return what to do about each of several changes, of which none is known to be the one."""
    lead = AGAIN if is_resolved else DO
    causes = [cause for cause in evidence.diagnosis.causes[:2] if cause.change is not None]
    changes = [cause.change for cause in causes if cause.change is not None]
    if all(_is_undone(change, evidence) for change in changes):
        return [f"{lead} each of these changes was taken back already. Where it goes on, look for another cause"]
    lines = [f"{lead} compare when the trouble began with each change, and take back the one that fits."]
    for cause, name in zip(causes, _names(changes, evidence.diagnosis.onset), strict=True):
        advice = remedy(cause, evidence.diagnosis, evidence.standing, is_resolved=is_resolved)
        lines += advised(f"If it is {name}:", advice)
    return lines


def _names(changes: list[Change], near: float) -> list[str]:
    """Return what each change is called, with its time where two are called the same."""
    names = [_name(change) for change in changes]
    if len(set(names)) == len(names):
        return names
    return [f"{name} at {format_moment(change.at, near)}" for name, change in zip(names, changes, strict=True)]


def _name(change: Change) -> str:
    """Return `the rollout of web` or `flag new-checkout`, of words that a shell reads as such."""
    if is_of_object(change):
        return f"the {noun_of(change)} of {named_object(change, 63)}"
    if change.entity and change.event_type in SETTING_NOUNS and not is_staged(change):
        entity = plain_phrase(change.entity)
        return f"{SETTING_NOUNS[change.event_type]} {entity}" if entity else f"the {noun_of(change)}"
    told = shown_name(change, MAX_SUBDOMAIN_CHARS)
    name = told if is_subdomain(told) else plain_phrase(told)
    return f"the {noun_of(change)} of {shorten_middle(name, 63)}" if name else f"the {noun_of(change)}"


def _is_undone(change: Change, evidence: Evidence) -> bool:
    return bool(undone_already(change, evidence.standing, evidence.diagnosis.onset))


def _is_left(cause: Cause, evidence: Evidence) -> bool:
    is_undone = cause.change is not None and _is_undone(cause.change, evidence)
    return is_undone or bool(replaced_already(cause, evidence.standing, evidence.diagnosis.onset))


def advised(lead: str, advice: Advice) -> list[str]:
    """Return advice as lines; only what a builder of commands made stands on a line that a shell would act upon."""
    known = remark(advice.remark)
    if not advice.command:
        return [f"{lead} {prose(advice.words) or known}"]
    return [f"{lead} {prose(advice.words)}".rstrip(), advice.command, *([f"# {known}"] if known else []), *advice.more]


def _map_it(diagnosis: Diagnosis) -> str:
    name = (quoted(diagnosis.services[0], 63) if diagnosis.services else "") or "this service"
    return f"Do: {MAP_IT}, or post events for {name}."
