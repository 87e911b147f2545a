"""What of the reported is still so: faults that ended, that were none, and what goes on for days."""

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.placing import Placed
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, IncidentContext, PodView
from noctuary.models.service_index import ServiceIndex

BACKGROUND_S = 3600.0
"""What goes on longer than this, and than the lookback, was there while all was well."""
RATE_STEP = 3.0
"""So many times more often than before is a change; Events of one kind come in bursts of two."""
RECENT_S = 600.0
"""Over which the rate at the onset is taken."""
CLOCK_SLACK_S = 5.0


class Seen(msgspec.Struct, frozen=True):
    """What was read live: pods by namespace and name, and the services whose pods were read."""

    pods: dict[tuple[str, str], PodView]
    services: frozenset[str]
    ready_services: frozenset[str]
    onset: float


def what_was_seen(context: IncidentContext) -> Seen:
    """Return the live view in the form in which events are held against it."""
    pods = {(pod.namespace, pod.name): pod for pod in context.pods or []}
    index = ServiceIndex(context.services)
    serving = frozenset(name for pod in context.pods or [] if pod.is_ready for name in index.names(pod))
    return Seen(pods, _read_services(context), serving, context.onset)


def is_ignored(event: ContextEvent, context: IncidentContext) -> bool:
    """Tell whether the release is set to ignore an event's reason."""
    return event.details.get(details.REASON, "") in context.ignored_reasons


def is_passing(placed: Placed, seen: Seen) -> bool:
    """Tell whether pods show that an event was no fault: its own is gone, or well now, or others serve."""
    ref = placed.event.object
    if placed.analyzer.is_state:
        return placed.service in seen.ready_services
    if ref is None or ref.kind != "Pod":
        return False
    pod = _pod_of(placed.event, seen)
    if pod is not None:
        return placed.analyzer.is_passing(placed.event, pod, seen.onset)
    return placed.analyzer.is_nothing_when_gone and placed.service in seen.services


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
    return not registry.analyzer_of(fault).stops_pods or _has_ready_pods(fault, context)


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


def _read_services(context: IncidentContext) -> frozenset[str]:
    """Return the services whose pods were read, so that a missing one is gone."""
    if context.pods is None:
        return frozenset()
    if context.unread_services is not None:
        return frozenset(service.name for service in context.services) - set(context.unread_services)
    index = ServiceIndex(context.services)
    return frozenset(name for pod in context.pods for name in index.names(pod))


def _rate_rose(fault: Fault, onset: float) -> bool:
    """Tell whether it was counted up faster than before; one measured time before the onset tells no rate."""
    points = _points(fault.details.get(details.HISTORY, ""))
    before = [point for point in points if point[0] <= onset - RECENT_S]
    if len(before) < 2 or before[-1][0] <= before[0][0] or points[-1] == before[-1]:
        return False
    (first_at, first), (mid_at, mid), (last_at, last) = before[0], before[-1], points[-1]
    earlier, recent = (mid - first) / (mid_at - first_at), (last - mid) / max(1.0, last_at - mid_at)
    return recent > RATE_STEP * earlier


def _points(text: str) -> list[tuple[float, int]]:
    pairs = (point.partition(":") for point in text.split())
    return [(float(at), int(count)) for at, _, count in pairs if at.isdecimal() and count.isdecimal()]
