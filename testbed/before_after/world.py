"""One incident at 14:00:00 as correlation reads it, built of words that every release knows.

Loaded by older releases, too: fields that one does not know are left out.
"""

from typing import Any, NamedTuple, TypeVar

import msgspec

from noctuary.correlation.correlate import correlate
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import IncidentContext, PodView, Relation, ServiceView
from noctuary.models.evidence import AlertSummary, Evidence
from noctuary.models.incident import IncidentRow
from noctuary.notes.note import render_note

ONSET = 1_790_085_600.0
"""2026-09-22 14:00:00 UTC; all other times are seconds before it."""
S = TypeVar("S", bound=msgspec.Struct)
REGISTRY = "registry.example.com"


class Scene(NamedTuple):
    """One incident of `web` in the namespace `shop`: the item of the list of faults, and what had been seen."""

    item: str
    title: str
    alert: str
    events: list[ContextEvent]
    pods: list[PodView]
    depends_on: tuple[str, ...] = ()
    kept: tuple[tuple[int, str, str], ...] = ((1, "h1", "3.10"), (2, "h2", "3.11"))
    """Revisions that exist: number, template hash, tag."""
    lookback_s: float = 3600.0


def rollout(at: float, new: str = "3.11", old: str = "3.10", **facts: Any) -> ContextEvent:
    """Build a rollout of `web`, or of the workload named by `of`."""
    name = facts.pop("of", "web")
    told = {
        "image": f"{REGISTRY}/{name}:{new}",
        "previous_image": f"{REGISTRY}/{name}:{old}",
        "revision": "2",
        "previous_revision": "1",
        "template_hash": "h2",
        "previous_template_hash": "h1",
        "changed": "image",
        "previous_rolled_out_at": f"{ONSET - 6 * 86_400:.0f}",
    } | facts
    actor = told.pop("actor", "kubectl")
    return _event("Deployment", name, EventType.DEPLOY, at, at, told, workload=name, actor=actor)


def scaling(at: float, old: int, new: int, **facts: Any) -> ContextEvent:
    """Build a changed number of replicas."""
    name, actor = facts.pop("of", "web"), facts.pop("actor", "kubectl")
    return _event(
        "Deployment",
        name,
        EventType.SCALE_EVENT,
        at,
        at,
        facts,
        workload=name,
        actor=actor,
        old_value=str(old),
        new_value=str(new),
    )


def fault(at: float, reason: str, pod: str = "web-h2-a", *, last: Any = 0.0, **facts: Any) -> ContextEvent:
    """Build a fault of a pod called WORKLOAD-TEMPLATE-LETTER."""
    workload, template, _ = pod.rsplit("-", 2)
    told = {"reason": reason, "template_hash": template, "container": workload, "restarts": "0"} | facts
    kind = told.pop("about", "Pod")
    event_type = EventType.SATURATION if reason.startswith("Failed") else EventType.RESTART
    return _event(kind, pod, event_type, at, last, told, workload=workload, node="node-1", new_value=reason)


def posted(event_type: str, at: float, entity: str, vendor: str, **more: Any) -> ContextEvent:
    """Build an event that another system posted for the service `web`, or for `service`."""
    service = more.pop("service", "web")
    return ContextEvent(
        id=f"posted-{entity}-{at}",
        tenant="shop",
        source="api",
        dedup_key=f"{entity}-{at}",
        service_name=service,
        vendor=vendor,
        entity=entity,
        event_type=EventType(event_type),
        timestamp=ONSET - at,
        last_seen=ONSET - at,
        confidence=more.pop("confidence", 0.97),
        ttl_seconds=3600,
        **more,
    )


def pod(name: str, *, ready: bool = True, age: float = 86_400, **more: Any) -> PodView:
    """Build a pod called WORKLOAD-TEMPLATE-LETTER as it is when the incident comes."""
    workload, template, _ = name.rsplit("-", 2)
    since = ONSET - age
    fields = {"created_at": since, "ready_changed_at": since + 2, "workload_kind": "Deployment", **more}
    return _make(PodView, "shop", name, workload, template, "node-1", ready, started_at=since, **fields)


def note_of(scene: Scene) -> str:
    """Return the note of a scene as the release that is imported writes it."""
    services = [ServiceView("web", Relation.OWN, "shop", ["shop"])]
    services += [ServiceView(name, Relation.DEPENDENCY, "shop", ["shop"]) for name in scene.depends_on]
    fields = {"minimum_score": 0.3, "ignored_reasons": _ignored()}
    context = _make(IncidentContext, services, ONSET, scene.lookback_s, scene.events, scene.pods, **fields)
    evidence = _make(Evidence, correlate(context), AlertSummary(1, scene.alert, ONSET), standing=_standing(scene))
    row = IncidentRow(account="a", incident_id="P", integration_id="i", triggered_at=ONSET)
    return render_note(row, evidence, "nct:0000000000000000", ONSET + 1)


def _ignored() -> list[str]:
    """Return the reasons that a release ignores by default; older ones ignore none."""
    try:
        from noctuary.incidents.evidence.sight import IGNORED_REASONS  # noqa: PLC0415 - older releases have none
    except ImportError:
        return []
    return list(IGNORED_REASONS)


def _standing(scene: Scene) -> Any:
    try:
        from noctuary.models.diagnosis import Subject  # noqa: PLC0415 - older releases have no such module
        from noctuary.models.evidence import Standing  # noqa: PLC0415
        from noctuary.models.revisions import StoredRevision, WorkloadRevisions  # noqa: PLC0415
    except ImportError:
        return None
    stored = [StoredRevision(number, hash_, f"{REGISTRY}/web:{tag}") for number, hash_, tag in scene.kept]
    current = max((each.number for each in stored), default=0)
    return Standing(revisions=[WorkloadRevisions(Subject("Deployment", "shop", "web"), current, stored)])


def _make(kind: type[S], *arguments: Any, **fields: Any) -> S:
    known = {field.name for field in msgspec.structs.fields(kind)}
    return kind(*arguments, **{name: value for name, value in fields.items() if name in known})


def _event(
    kind: str, name: str, event_type: EventType, at: float, last: float, facts: dict[str, str], **more: Any
) -> ContextEvent:
    workload, node = more.pop("workload"), more.pop("node", "")
    ref = ObjectRef(kind, "shop", name, workload_kind="Deployment", workload_name=workload, node=node)
    return ContextEvent(
        id=f"{name}-{at}-{facts.get('reason', event_type)}",
        tenant="shop",
        source="kubernetes",
        dedup_key=f"{kind}/{name}/{at}/{facts.get('reason', '')}",
        service_name=workload,
        vendor="kubernetes",
        entity=name,
        event_type=event_type,
        timestamp=ONSET - at,
        last_seen=ONSET - last,
        confidence=0.95,
        ttl_seconds=7200,
        object=ref,
        details=facts,
        **more,
    )


__all__ = ["Scene", "fault", "note_of", "pod", "posted", "rollout", "scaling"]
