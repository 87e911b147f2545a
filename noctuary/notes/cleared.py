"""What was seen to be over when a note was written: it is not told as if it still went on."""

from collections.abc import Mapping

from msgspec.structs import replace

from noctuary.analyzers.cluster.stopped import Stopped
from noctuary.analyzers.registry import analyzer_of
from noctuary.common.text import of_total
from noctuary.correlation.fault_checks import SINCE_RESTART
from noctuary.correlation.lasting import as_ended, ended_at
from noctuary.correlation.rollouts.pods import CONFIGURATION, NONE_RUNS, NOT_KNOWN, NOT_READY, PODS_READY, TAKEN_AWAY
from noctuary.correlation.scalings import is_up
from noctuary.models import details
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, Subject
from noctuary.models.evidence import Clearing, Evidence, Standing
from noctuary.models.node_view import NodeView
from noctuary.models.revisions import WorkloadRevisions
from noctuary.notes.left import hash_of_current, workload_of
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


def with_ready(evidence: Evidence) -> Evidence:
    """Return evidence whose faults are over where the workloads were seen to be as they should when it was written.

    A container that crashes is ready in between: only what kept pods from starting is known to be over by that. What
    pods suffered that are gone is over.
    """
    standing = evidence.standing
    if standing is None or not standing.revisions:
        return evidence
    diagnosis = evidence.diagnosis
    causes, weak = ([_as_ready(each, standing) for each in kept] for kept in (diagnosis.causes, diagnosis.weak))
    return replace(evidence, diagnosis=replace(diagnosis, causes=causes, weak=weak))


def _as_ready(cause: Cause, standing: Standing) -> Cause:
    faults = [replace(each, is_over=True) if _is_past(each, standing) else each for each in cause.faults]
    is_ready = cause.change is not None and _is_all_ready(cause.change.subject, standing)
    return replace(
        cause, why=past(cause.why) if is_ready and cause.why.endswith(NOT_READY) else cause.why, faults=faults
    )


def _is_past(fault: Fault, standing: Standing) -> bool:
    held = workload_of(fault.subject, standing)
    if fault.kind == Stopped.kind:
        return held is not None and bool(held.replicas)
    return _is_started(fault, standing) or (held is not None and _are_gone(fault, held))


def _are_gone(fault: Fault, held: WorkloadRevisions) -> bool:
    """Tell whether all pods that failed are gone: those of their template, or of all."""
    if not fault.pods or not held.runs_no_other:
        return False
    return held.replicas == 0 or fault.template_hash not in ("", hash_of_current(held) or fault.template_hash)


def _is_started(fault: Fault, standing: Standing) -> bool:
    return analyzer_of(fault).needs_start and _is_all_ready(fault.subject, standing)


def _is_all_ready(subject: Subject, standing: Standing) -> bool:
    held = workload_of(subject, standing)
    return held is not None and held.is_all_ready


def ready_by_now(cause: Cause, standing: Standing | None) -> str:
    """Return `8 of 8 pods are ready by now` where all that a cause kept from starting runs, else nothing.

    A rollout may be to blame for how its pods behave, as may be that there are fewer pods than before.
    """
    if standing is None or (cause.change is not None and not is_up(cause.change)):
        return ""
    faults = [fault for fault in cause.faults if fault.subject.kind != "Node"]
    held = {fault.subject: workload_of(fault.subject, standing) for fault in faults}
    if not faults or not all(_is_started(fault, standing) for fault in faults):
        return ""
    count = sum(each.replicas or 0 for each in held.values() if each is not None)
    return f"{of_total(count, count, 'pod')} ready by now"


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
