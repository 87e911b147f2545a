"""Events as the Kubernetes source writes them, for tests of what reads them."""

from typing import Any

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef, new_event_id


def kubernetes_event(
    kind: str, name: str, event_type: EventType, at: float, event_details: dict[str, str], **more: Any
) -> ContextEvent:
    """Build an event as the Kubernetes source writes it."""
    workload = more.pop("workload", "payments-api")
    namespace = more.pop("namespace", "payments")
    labels = more.pop("labels", {})
    node = more.pop("node", "")
    is_node = kind == "Node"
    ref = ObjectRef(
        kind,
        "" if is_node else namespace,
        name,
        workload_kind="" if is_node else more.pop("workload_kind", "Deployment"),
        workload_name="" if is_node else workload,
        node=node,
        labels=labels,
    )
    return ContextEvent(
        id=new_event_id(at),
        tenant="" if is_node else namespace,
        source="kubernetes",
        dedup_key=f"{kind}/{namespace}/{name}/{event_type}/{at}",
        service_name="" if is_node else more.pop("service", workload),
        vendor="kubernetes",
        entity=f"{kind}/{name}",
        event_type=event_type,
        timestamp=at,
        last_seen=more.pop("last_seen", at),
        confidence=1.0,
        ttl_seconds=7200,
        object=ref,
        details=event_details,
        **more,
    )


def rollout(
    at: float, new: str = "2.4.1", old: str = "2.4.0", template_hash: str = "h241", **more: Any
) -> ContextEvent:
    """Build a rollout of one workload."""
    workload = more.get("workload", "payments-api")
    facts = {
        details.IMAGE: f"registry.example.com/{workload}:{new}",
        details.PREVIOUS_IMAGE: f"registry.example.com/{workload}:{old}",
        details.TEMPLATE_HASH: template_hash,
        details.REVISION: "14",
    } | more.pop("facts", {})
    return kubernetes_event("Deployment", workload, EventType.DEPLOY, at, facts, **more)


def fault(
    at: float, reason: str = "CrashLoopBackOff", template_hash: str = "h241", pod: int = 0, **more: Any
) -> ContextEvent:
    """Build a fault of one pod."""
    workload = more.get("workload", "payments-api")
    facts = {details.REASON: reason, details.TEMPLATE_HASH: template_hash} | more.pop("facts", {})
    return kubernetes_event("Pod", f"{workload}-{template_hash}-{pod}", EventType.RESTART, at, facts, **more)
