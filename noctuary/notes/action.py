"""The second block: what to do, with each command alone on its line."""

from noctuary.analyzers.base import Advice
from noctuary.common.words import prose, quoted, remark
from noctuary.correlation.score import LIKELY_SCORE
from noctuary.models.diagnosis import Change, Diagnosis, Verdict
from noctuary.models.evidence import Evidence
from noctuary.notes.headline import noun_of
from noctuary.notes.remedies import remedy
from noctuary.notes.rollback import undone_already
from noctuary.notes.values import shown_name

ACTION_STARTS = ("Do:", "Do, if it is to blame:", "If it comes back:")


def action(evidence: Evidence, *, is_resolved: bool) -> list[str]:
    """Return what to do about the first cause, or what to check where there is none."""
    diagnosis = evidence.diagnosis
    if diagnosis.causes:
        first = diagnosis.causes[0]
        if diagnosis.is_undecided and not is_resolved:
            return _compare(evidence)
        is_sure = first.score >= LIKELY_SCORE or first.change is None or _is_undone(first.change, evidence)
        lead = "Do:" if is_sure else "Do, if it is to blame:"
        return advised("If it comes back:" if is_resolved else lead, remedy(first, diagnosis, evidence.standing))
    if diagnosis.verdict is Verdict.NEVER_SEEN:
        return [_map_it(diagnosis)]
    return ["Worth checking next: traffic, what it calls outside the cluster, certificates, quotas."]


def _compare(evidence: Evidence) -> list[str]:
    """Return what to do about each of several changes, of which none is known to be the one."""
    lines = ["Do: compare when the trouble began with each change, and take back the one that fits."]
    for cause in evidence.diagnosis.causes[:2]:
        what = f"the {noun_of(cause.change)} of {shown_name(cause.change, 63)}" if cause.change is not None else ""
        lines += advised(f"If it is {prose(what)}:", remedy(cause, evidence.diagnosis, evidence.standing))
    return lines


def _is_undone(change: Change, evidence: Evidence) -> bool:
    return bool(undone_already(change, evidence.standing, evidence.diagnosis.onset))


def advised(lead: str, advice: Advice) -> list[str]:
    """Return advice as lines; only what a builder of commands made stands on a line that a shell would act upon."""
    known = remark(advice.remark)
    if not advice.command:
        return [f"{lead} {prose(advice.words) or known}"]
    return [f"{lead} {prose(advice.words)}".rstrip(), advice.command, *([f"# {known}"] if known else []), *advice.more]


def _map_it(diagnosis: Diagnosis) -> str:
    name = (quoted(diagnosis.services[0], 63) if diagnosis.services else "") or "this service"
    check = "check how spec.services of the integration maps this PagerDuty service (namespaces, selector)"
    return f"Do: {check}, or post events for {name}."
