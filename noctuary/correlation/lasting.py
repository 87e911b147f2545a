"""What of the reported is still so: faults that ended, that were none, and what goes on for days."""

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.placing import Placed, is_pod_of
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, IncidentContext, PodView, ServiceView

BACKGROUND_S = 3600.0
"""What goes on longer than this, and than the lookback, was there while all was well."""
RATE_STEP = 3.0
"""So many times more often than before is a change; Events of one kind come in bursts of two."""
RECENT_S = 600.0
"""Over which the rate at the onset is taken."""
CLOCK_SLACK_S = 5.0
"""Times come from several machines and most are cut to the second."""


class Seen(msgspec.Struct, frozen=True):
    """What was read live: pods by namespace and name, and the services whose pods were read."""

    pods: dict[tuple[str, str], PodView]
    services: frozenset[str]
    onset: float


def what_was_seen(context: IncidentContext) -> Seen:
    """Return the live view in the form in which events are held against it."""
    pods = {(pod.namespace, pod.name): pod for pod in context.pods or []}
    services = frozenset(service.name for service in context.services if _was_read(service, context))
    return Seen(pods, services, context.onset)


def is_ignored(event: ContextEvent, context: IncidentContext) -> bool:
    """Tell whether the release is set to ignore an event's reason."""
    return event.details.get(details.REASON, "") in context.ignored_reasons


def is_passing(placed: Placed, seen: Seen) -> bool:
    """Tell whether its pod shows that an event was no fault: it is gone, or well now."""
    ref = placed.event.object
    if ref is None or ref.kind != "Pod":
        return False
    analyzer = registry.recognise(placed.event)
    pod = _pod_of(placed.event, seen)
    if pod is not None:
        return analyzer.is_passing(placed.event, pod, seen.onset)
    return analyzer.is_nothing_when_gone and placed.service in seen.services


def is_over(placed: Placed, seen: Seen) -> bool:
    """Tell whether what an event reports had ended when the pods were read: its pod is gone, or ready since."""
    ref = placed.event.object
    if ref is None or ref.kind != "Pod":
        return False
    pod = _pod_of(placed.event, seen)
    if pod is None:
        return placed.service in seen.services
    return pod.is_ready and pod.ready_changed_at > placed.event.last_seen


def is_background(fault: Fault, context: IncidentContext) -> bool:
    """Tell whether a fault goes on since long before the onset, no more often, beside pods that are well."""
    long_s = max(BACKGROUND_S, context.lookback_s)
    if fault.first >= context.onset - long_s or fault.last <= fault.first or _rate_rose(fault, context.onset):
        return False
    return not registry.analyzer_of(fault).tells_cause or _has_ready_pods(fault, context)


def _has_ready_pods(fault: Fault, context: IncidentContext) -> bool:
    return any(
        pod.is_ready and (pod.namespace, pod.workload) == (fault.subject.namespace, fault.subject.name)
        for pod in context.pods or []
    )


def _pod_of(event: ContextEvent, seen: Seen) -> PodView | None:
    """Return the pod that an event is about; a StatefulSet's next pod of the same name is another one."""
    ref = event.object
    pod = seen.pods.get((ref.namespace, ref.name)) if ref is not None else None
    return None if pod is not None and pod.created_at > event.last_seen + CLOCK_SLACK_S else pod


def _was_read(service: ServiceView, context: IncidentContext) -> bool:
    """Tell whether the pods of a service were read, so that a missing one is gone."""
    if context.pods is None:
        return False
    if context.unread_services is not None:
        return service.name not in context.unread_services
    return any(is_pod_of(pod, service) for pod in context.pods)


def _rate_rose(fault: Fault, onset: float) -> bool:
    points = _points(fault.details.get(details.HISTORY, ""))
    before = [point for point in points if point[0] <= onset - RECENT_S]
    if not before or len(points) < 2:
        return False
    (first_at, first), (last_at, last), (mid_at, mid) = points[0], points[-1], before[-1]
    earlier = (mid - first) / (mid_at - first_at) if mid_at > first_at else (first / max(1.0, first_at - fault.first))
    recent = (last - mid) / max(1.0, last_at - mid_at)
    return recent > RATE_STEP * earlier


def _points(text: str) -> list[tuple[float, int]]:
    pairs = (point.partition(":") for point in text.split())
    return [(float(at), int(count)) for at, _, count in pairs if at.isdecimal() and count.isdecimal()]
