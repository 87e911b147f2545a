"""What a replay says of an incident, for machines: the ranked causes, or that there is none."""

from typing import Any

from noctuary.analyzers import registry
from noctuary.common.clock import format_time
from noctuary.correlation.effects.workloads import is_restart
from noctuary.models.diagnosis import Cause, Change, Fault, Subject, Verdict
from noctuary.notes.phrases import cause_sentence, change_line, fault_line
from noctuary_cli.replay.run import Replayed

ELSEWHERE = "External"
"""The kind of what another system told and the cluster does not know by itself: a flag, a deploy."""
CHANGE_KINDS = {
    "deploy": "rollout",
    "scale_event": "scaling",
    "config_change": "config_change",
    "flag_change": "flag_change",
    "schema_change": "schema_change",
}
"""What a change is called, by the type of its event."""
RESTART = "restart"


def answer_of(replayed: Replayed) -> dict[str, Any]:
    """Return the answer as a line of JSON has it; causes below the threshold are ranked behind those above."""
    diagnosis = replayed.evidence.diagnosis
    ranked = [*diagnosis.causes, *diagnosis.weak]
    return {
        "id": replayed.id,
        "ranked": [_ranked(cause, replayed) for cause in ranked],
        "abstained": diagnosis.verdict is not Verdict.CAUSE,
        "abstain_confidence": round(diagnosis.none_probability or 0.0, 3),
        "note": replayed.note,
    }


def _ranked(cause: Cause, replayed: Replayed) -> dict[str, Any]:
    said = cause_sentence(cause, replayed.evidence.diagnosis)
    return {
        "entity": entity_of(cause),
        "kind": kind_of(cause),
        "confidence": round(cause.probability or 0.0, 3),
        "is_change": cause.change is not None,
        "why": said if cause.why in said else f"{said}: {cause.why}",
        "evidence": [*([_told(cause.change)] if cause.change else []), *(_seen(fault) for fault in cause.faults)],
    }


def entity_of(cause: Cause) -> str:
    """Return `Kind/namespace/name` of what is to blame; of a node without a namespace."""
    if cause.change is not None:
        return _entity(cause.change.subject, cause.change.entity)
    return _entity(cause.faults[0].subject, cause.faults[0].entity)


def _entity(subject: Subject, entity: str) -> str:
    if not subject.kind:
        return f"{ELSEWHERE}/{subject.name}/{entity}"
    return f"{subject.kind}/{subject.namespace}/{subject.name}" if subject.kind != "Node" else f"Node//{subject.name}"


def kind_of(cause: Cause) -> str:
    """Return the documented kind of a cause: of a change what was done, else the kind of its leading fault."""
    if cause.change is None:
        return registry.analyzer_of(cause.faults[0]).kind
    return RESTART if is_restart(cause.change) else CHANGE_KINDS.get(cause.change.event_type, cause.change.event_type)


def _told(change: Change) -> dict[str, Any]:
    return {"id": change.event_id, "at": format_time(change.at), "says": change_line(change)}


def _seen(fault: Fault) -> dict[str, Any]:
    return {"id": fault.event_ids[0], "at": format_time(fault.first), "kind": fault.kind, "says": fault_line(fault)}
