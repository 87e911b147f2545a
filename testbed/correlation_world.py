"""A small world around one incident of `pay`, for tests of correlation; times are in seconds before the onset."""

from typing import Any, NamedTuple

from noctuary.correlation.correlate import correlate
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import Cause, Diagnosis, IncidentContext, PodView, Relation, ServiceView

ONSET = 1_800_000_000.0


class Blame(NamedTuple):
    """What is told, as a sentence and as events and pods, and what of it must be blamed, and how surely."""

    sentence: str
    events: list[ContextEvent]
    blamed: str
    is_likely: bool
    pods: list[PodView] | None = None


OWN = ServiceView("pay", Relation.OWN, "team", ["payments"])
POSTGRES = ServiceView("postgres", Relation.DEPENDENCY, "team", ["payments"])
LABELLED = ServiceView("payments", Relation.OWN, "team", ["payments"], {"app": "payments"})


def event(kind: str, name: str, event_type: EventType, at: float, facts: dict[str, str], **more: Any) -> ContextEvent:
    """Build an event of the cluster; `at` is in seconds before the onset."""
    is_node, workload = kind == "Node", more.pop("workload", "pay")
    namespace = "" if is_node else more.pop("namespace", "payments")
    owner = "Job" if kind == "Job" else "Deployment"
    ref = ObjectRef(
        kind,
        namespace,
        name,
        workload_kind="" if is_node else owner,
        workload_name="" if is_node else workload,
        node=more.pop("node", ""),
        labels=more.pop("labels", {}),
    )
    moment = ONSET - at
    return ContextEvent(
        id=f"{name}-{at}",
        tenant=namespace,
        source="kubernetes",
        dedup_key=f"{kind}/{namespace}/{name}/{at}/{facts.get(details.REASON)}",
        service_name="" if is_node else workload,
        vendor="kubernetes",
        entity=name,
        event_type=event_type,
        timestamp=moment,
        last_seen=ONSET - more.pop("last", at),
        confidence=1.0,
        ttl_seconds=7200,
        object=ref,
        details=facts,
        **more,
    )


def rollout(at: float, template: str = "new", workload: str = "pay", **more: Any) -> ContextEvent:
    """Build a rollout."""
    facts = {details.IMAGE: f"{workload}:2", details.PREVIOUS_IMAGE: f"{workload}:1", details.TEMPLATE_HASH: template}
    facts |= more.pop("facts", {})
    return event("Deployment", workload, EventType.DEPLOY, at, facts, workload=workload, **more)


def fault(
    at: float, reason: str = "CrashLoopBackOff", template: str = "new", pod: int = 0, **more: Any
) -> ContextEvent:
    """Build a fault of one pod."""
    facts = {details.REASON: reason, details.TEMPLATE_HASH: template} | more.pop("facts", {})
    workload = more.get("workload", "pay")
    return event("Pod", f"{workload}-{template}-{pod}", EventType.RESTART, at, facts, **more)


def killed(at: float, exit_code: str) -> ContextEvent:
    """Build a crash of the old template."""
    return fault(at, template="old", facts={details.EXIT_CODE: exit_code})


def failing_probe(at: float, probe: str) -> ContextEvent:
    """Build a probe of the old template that fails."""
    return fault(at, "Unhealthy", "old", facts={details.PROBE: probe})


def node(at: float, name: str = "node-7") -> ContextEvent:
    """Build a node that is not ready."""
    return event("Node", name, EventType.SATURATION, at, {details.REASON: "NodeNotReady"}, last=0)


def posted(event_type: EventType, at: float, service: str = "pay", tenant: str = "team", **more: Any) -> ContextEvent:
    """Build an event that another system posted."""
    facts: dict[str, Any] = {"vendor": "ci", "entity": service, "confidence": 1.0, "old_value": "1", "new_value": "2"}
    return ContextEvent(
        id=f"posted-{at}",
        tenant=tenant,
        source="api",
        dedup_key=f"posted-{service}-{at}",
        service_name=service,
        event_type=event_type,
        timestamp=ONSET - at,
        last_seen=ONSET - at,
        ttl_seconds=7200,
        **facts | more,
    )


def pod(
    template: str,
    number: int = 0,
    *,
    ready: bool = True,
    workload: str = "pay",
    on: str = "n",
    age: float = 3600,
    **more: Any,
) -> PodView:
    """Build a pod as it is now, `age` seconds old at the onset."""
    name = f"{workload}-{template}-{number}"
    return PodView("payments", name, workload, template, on, ready, started_at=ONSET - age, **more)


def diagnose(events: list[ContextEvent], pods: list[PodView] | None = None, **more: Any) -> Diagnosis:
    """Correlate an incident of `pay`, which depends on postgres."""
    services = more.pop("services", [OWN, POSTGRES])
    return correlate(IncidentContext(services, ONSET, 3600.0, events, pods, **more))


def ranked(diagnosis: Diagnosis) -> list[Cause]:
    """Return all candidates in their order: those that are named, then those that are too weak for it."""
    return [*diagnosis.causes, *diagnosis.weak]


def named(diagnosis: Diagnosis) -> str:
    """Say what is blamed: kind, then the object or the kind of fault."""
    if not diagnosis.causes:
        return str(diagnosis.verdict)
    cause = diagnosis.causes[0]
    if cause.change is not None:
        return f"{cause.kind} {cause.change.subject.name} {cause.change.details.get(details.TEMPLATE_HASH, '')}".strip()
    return f"{cause.faults[0].kind} {cause.faults[0].subject.name}"


def scaling(at: float, old: str, new: str, workload: str = "pay", **more: Any) -> ContextEvent:
    """Build a changed number of replicas."""
    facts = more.pop("facts", {})
    return event(
        "Deployment",
        workload,
        EventType.SCALE_EVENT,
        at,
        facts,
        workload=workload,
        old_value=old,
        new_value=new,
        **more,
    )
