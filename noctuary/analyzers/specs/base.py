"""What kinds of fault that stand in specs have in common."""

from noctuary.analyzers.base import Analyzer
from noctuary.common.text import clean
from noctuary.common.words import code_word
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject


class Standing(Analyzer):
    """Read from specs at incident time, and dated by who wrote them last."""

    is_specific = True
    names_reason = True
    is_standing = True
    may_follow_from_node = False

    def message(self, fault: Fault) -> str:
        """Return who wrote it last, as the managed fields tell."""
        manager = code_word(clean(fault.details.get(details.WRITTEN_BY, ""), 60))
        return f"last written by {manager}" if manager else ""


def object_of(fault: Fault, kind: str) -> Subject:
    """Return the object that it stands in: the subject, or what a rollout of the subject no longer fits."""
    return Subject(kind, fault.subject.namespace, fault.details.get(details.BACKEND) or fault.subject.name)
