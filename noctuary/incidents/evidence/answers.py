"""Which of two answers stands: that of the first look or of a second one, of before a reopening or of since."""

import re

import msgspec

from noctuary.analyzers.registry import may_be_same
from noctuary.correlation.fault_checks import goes_on
from noctuary.correlation.observations import Observations
from noctuary.incidents.evidence.last_words import UNREAD
from noctuary.models import details
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, Verdict
from noctuary.models.evidence import Evidence

_VERDICTS = [Verdict.NEVER_SEEN, Verdict.NOTHING_RELEVANT, Verdict.CAUSE]
_LATER = (UNREAD,)
"""How gaps begin that only later looks can have: they are no reason to keep an earlier answer."""
_NUMBERS = re.compile(r"[0-9][0-9:,.]*")


def is_better(fresh: Evidence, known: Evidence) -> bool:
    """Tell whether a second look's answer replaces the first one: from no less than was read before, and for a reason.

    Another leading cause needs the first one to have been weighed again and found lighter, or to be outweighed; a cause
    that is merely no longer seen stays, because faults end and events expire. The same cause needs no less certainty,
    and the same answer that more was read for it.
    """
    before, after = known.diagnosis, fresh.diagnosis
    if not _gaps(fresh) <= _gaps(known):
        return False
    if after.verdict is not before.verdict:
        return _VERDICTS.index(after.verdict) > _VERDICTS.index(before.verdict)
    if not after.causes or after.causes == before.causes:
        return _gaps(fresh) < _gaps(known)
    old, new = before.causes[0], after.causes[0]
    is_as_sure = _sureness(new) >= _sureness(old)
    if _is_same(old, new):
        return is_as_sure or _gaps(fresh) < _gaps(known)
    return is_as_sure or _was_weighed(old, after)


def _sureness(cause: Cause) -> float:
    return cause.score if cause.probability is None else cause.probability


def with_read(known: Evidence, fresh: Evidence) -> Evidence:
    """Return an answer that stays, without the gaps that a later look filled."""
    if not _gaps(fresh) < _gaps(known):
        return known
    return msgspec.structs.replace(known, alerts=fresh.alerts, gaps=fresh.gaps, limits=fresh.limits)


def with_later_gaps(known: Evidence, fresh: Evidence) -> Evidence:
    """Return what is known with what a later look could not read of what an earlier one did not ask for."""
    gaps = [gap for gap in known.gaps if not gap.startswith(_LATER)]
    gaps += [gap for gap in fresh.gaps if gap.startswith(_LATER)]
    return known if gaps == known.gaps else msgspec.structs.replace(known, gaps=gaps)


def tells_the_same(fresh: Evidence, known: Evidence) -> bool:
    """Tell whether two answers name the same causes for the same faults, whenever these were last seen."""
    return _gaps(fresh) == _gaps(known) and _said(fresh.diagnosis) == _said(known.diagnosis)


def _said(diagnosis: Diagnosis) -> list[object]:
    causes = [
        (cause.kind, cause.change and cause.change.event_id, [_named(fault) for fault in cause.faults])
        for cause in (*diagnosis.causes, *diagnosis.weak)
    ]
    return [diagnosis.verdict, len(diagnosis.causes), causes]


def _named(fault: Fault) -> tuple[object, ...]:
    return fault.kind, fault.subject, fault.template_hash, fault.details.get(details.LOG_REASON)


def with_former(fresh: Evidence, former: Evidence | None, observed: Observations) -> Evidence:
    """Return what was found since a reopening; where that is no cause, the answer of before whose fault still goes on.

    Of the former answer stays its first cause, with those of its faults that go on, as they are now.
    """
    before = former.diagnosis.causes[:1] if former is not None and former.service_id == fresh.service_id else []
    if former is None or fresh.diagnosis.causes or not before or not before[0].faults:
        return fresh
    seen = [*observed.faults, *observed.background, *observed.node_faults]
    now = [fault for fault in seen if goes_on(observed, fault)]
    leading = [fault for fault in now if _is_still(fault, before[0].faults[0])]
    others = [fault for fault in now if any(_is_still(fault, old) for old in before[0].faults[1:])]
    lasting = leading + [fault for fault in others if fault not in leading]
    if not leading:
        return fresh
    diagnosis = msgspec.structs.replace(
        fresh.diagnosis,
        verdict=Verdict.CAUSE,
        causes=[msgspec.structs.replace(before[0], faults=lasting)],
        weak=[cause for cause in fresh.diagnosis.weak if not any(fault in lasting for fault in cause.faults)],
        background=[fault for fault in fresh.diagnosis.background if fault not in lasting],
        ran_well_s=former.diagnosis.ran_well_s,
    )
    return msgspec.structs.replace(fresh, diagnosis=diagnosis, goes_on_since=min(fault.first for fault in lasting))


def _is_still(fault: Fault, old: Fault) -> bool:
    """Tell whether a fault is the same that was told before: of the same version."""
    is_same = (fault.subject, fault.template_hash) == (old.subject, old.template_hash)
    return is_same and may_be_same(fault.kind, old.kind)


def _gaps(evidence: Evidence) -> set[str]:
    """Return what was not looked at, without the numbers that differ from look to look."""
    gaps = (gap for gap in evidence.gaps if not gap.startswith(_LATER))
    return {_NUMBERS.sub("", gap) for gap in (*gaps, *evidence.limits)}


def _is_same(old: Cause, new: Cause) -> bool:
    if old.change is not None or new.change is not None:
        return old.change is not None and new.change is not None and old.change.event_id == new.change.event_id
    return may_be_same(old.faults[0].kind, new.faults[0].kind) and old.faults[0].subject == new.faults[0].subject


def _was_weighed(old: Cause, after: Diagnosis) -> bool:
    """Tell whether a cause is among what the second look saw and did not put first."""
    if old.change is not None and any(aside.change.event_id == old.change.event_id for aside in after.set_aside):
        return True
    return any(_is_same(old, cause) for cause in [*after.causes[1:], *after.weak])
