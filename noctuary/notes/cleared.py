"""What is over because its incident was resolved: it is not told as if it still went on."""

from msgspec.structs import replace

from noctuary.analyzers.registry import analyzer_of
from noctuary.models.diagnosis import Fault, Subject
from noctuary.models.evidence import Clearing, Evidence


def as_cleared(evidence: Evidence) -> Evidence:
    """Return evidence whose faults are over, where all pods of the blamed workload were seen to be ready."""
    diagnosis = evidence.diagnosis
    if not diagnosis.causes or not _is_cleared(evidence.clearing):
        return evidence
    first = diagnosis.causes[0]
    subject = first.change.subject if first.change is not None else first.faults[0].subject
    causes = [replace(cause, faults=[_ended(fault, subject) for fault in cause.faults]) for cause in diagnosis.causes]
    return replace(evidence, diagnosis=replace(diagnosis, causes=causes))


def _is_cleared(clearing: Clearing | None) -> bool:
    return clearing is not None and 0 < (clearing.pods_total or 0) <= (clearing.pods_ready or 0)


def _ended(fault: Fault, cleared: Subject) -> Fault:
    """Return a fault as over, where it keeps pods of the cleared workload from being ready."""
    is_of_pods = bool(fault.pods) and analyzer_of(fault).stops_pods
    return replace(fault, is_over=True) if is_of_pods and fault.subject == cleared else fault
