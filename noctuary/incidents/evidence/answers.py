"""Which of two answers stands: that of the first look, or that of a second one."""

import re

from noctuary.models.diagnosis import Cause, Diagnosis, Verdict
from noctuary.models.evidence import Evidence

_VERDICTS = [Verdict.NEVER_SEEN, Verdict.NOTHING_RELEVANT, Verdict.CAUSE]
_NUMBERS = re.compile(r"[0-9][0-9:,.]*")


def is_better(fresh: Evidence, known: Evidence) -> bool:
    """Tell whether a second look's answer replaces the first one: from no less than was read before, and for a reason.

    Another leading cause needs the first one to have been weighed again and found lighter, or to be outweighed; a cause
    that is merely no longer seen stays, because faults end and events expire. The same cause needs no less certainty.
    """
    before, after = known.diagnosis, fresh.diagnosis
    if not _gaps(fresh) <= _gaps(known):
        return False
    if after.verdict is not before.verdict:
        return _VERDICTS.index(after.verdict) > _VERDICTS.index(before.verdict)
    if not after.causes or after.causes == before.causes:
        return False
    old, new = before.causes[0], after.causes[0]
    is_as_sure = new.score >= old.score
    if _is_same(old, new):
        return is_as_sure or _gaps(fresh) < _gaps(known)
    return is_as_sure or _was_weighed(old, after)


def _gaps(evidence: Evidence) -> set[str]:
    """Return what was not looked at, without the numbers that differ from look to look."""
    return {_NUMBERS.sub("", gap) for gap in evidence.gaps}


def _is_same(old: Cause, new: Cause) -> bool:
    if old.change is not None or new.change is not None:
        return old.change is not None and new.change is not None and old.change.event_id == new.change.event_id
    return old.faults[0].kind == new.faults[0].kind and old.faults[0].subject == new.faults[0].subject


def _was_weighed(old: Cause, after: Diagnosis) -> bool:
    """Tell whether a cause is among what the second look saw and did not put first."""
    if old.change is not None and any(aside.change.event_id == old.change.event_id for aside in after.set_aside):
        return True
    return any(_is_same(old, cause) for cause in [*after.causes[1:], *after.weak])
