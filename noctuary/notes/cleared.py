"""What was seen to be over when a note was written: it is not told as if it still went on."""

from collections.abc import Mapping

from msgspec.structs import replace

from noctuary.analyzers.registry import analyzer_of
from noctuary.correlation.fault_checks import SINCE_RESTART
from noctuary.correlation.lasting import as_ended, ended_at
from noctuary.correlation.rollout_checks import CONFIGURATION, NONE_RUNS, NOT_KNOWN, PODS_READY, TAKEN_AWAY
from noctuary.models import details
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, Subject
from noctuary.models.evidence import Clearing, Evidence
from noctuary.models.node_view import NodeView
from noctuary.notes.tense import past

_STILL_SO = (PODS_READY, NONE_RUNS, NOT_KNOWN, TAKEN_AWAY, CONFIGURATION, SINCE_RESTART)
"""Beginnings of what pods that are ready do not end, and of what names objects of others."""


def as_cleared(evidence: Evidence) -> Evidence:
    """Return evidence whose faults are over, since all pods of the blamed workload were seen to be ready."""
    diagnosis = evidence.diagnosis
    subject = _blamed(diagnosis)
    if subject is None:
        return evidence
    causes = [_with_ended(cause, subject) for cause in diagnosis.causes]
    return replace(evidence, diagnosis=replace(diagnosis, causes=causes))


def with_nodes(evidence: Evidence) -> Evidence:
    """Return evidence whose nodes are over their trouble, where they were seen to be when the note was written."""
    nodes = {node.name: node for node in evidence.standing.nodes} if evidence.standing is not None else {}
    if not nodes:
        return evidence
    causes = [
        replace(cause, faults=[_as_nodes_are(fault, nodes) for fault in cause.faults])
        for cause in evidence.diagnosis.causes
    ]
    return replace(evidence, diagnosis=replace(evidence.diagnosis, causes=causes))


def _blamed(diagnosis: Diagnosis) -> Subject | None:
    """Return the workload whose pods tell what cleared; of a node, that of the first pods that fail on it."""
    if not diagnosis.causes:
        return None
    first = diagnosis.causes[0]
    if first.change is not None:
        return first.change.subject
    subjects = [fault.subject for fault in first.faults]
    return next((subject for subject in subjects if subject.kind != "Node"), subjects[0])


def is_cleared(clearing: Clearing | None) -> bool:
    """Tell whether all pods were seen to be ready."""
    return clearing is not None and 0 < (clearing.pods_total or 0) <= (clearing.pods_ready or 0)


def _with_ended(cause: Cause, cleared: Subject) -> Cause:
    """Return a cause with what the cleared pods suffered as over: its faults, and why it is one."""
    subjects = [cause.change.subject] if cause.change is not None else [fault.subject for fault in cause.faults]
    why = past(cause.why) if cleared in subjects and not cause.why.startswith(_STILL_SO) else cause.why
    return replace(cause, why=why, faults=[_ended(fault, cleared) for fault in cause.faults])


def _ended(fault: Fault, cleared: Subject) -> Fault:
    """Return a fault as over, where it keeps pods of the cleared workload from being ready."""
    is_of_pods = bool(fault.pods) and analyzer_of(fault).stops_pods
    return replace(fault, is_over=True) if is_of_pods and fault.subject == cleared else fault


def _as_nodes_are(fault: Fault, nodes: Mapping[str, NodeView]) -> Fault:
    """Return a fault as over where its node is well in that, or where its pods were on nodes that are gone."""
    gone = {node.name for node in nodes.values() if node.is_gone}
    node, reason = nodes.get(fault.subject.name), fault.details.get(details.REASON, "")
    if fault.subject.kind != "Node":
        return replace(fault, is_over=True) if fault.nodes and gone.issuperset(fault.nodes) else fault
    if node is None or reason in node.wrong:
        return fault
    ended = node.end_of(reason, fault.last, ended_at(fault)) or 0.0
    told = fault.details if fault.is_over else {}
    return replace(fault, is_over=True, details=fault.details | as_ended(node, ended, told))
