"""What of the reported is still so: faults that ended, that were none, and what goes on for days."""

from collections.abc import Mapping

import msgspec

from noctuary.analyzers import registry
from noctuary.analyzers.base import is_single
from noctuary.analyzers.evicted import STAYING
from noctuary.common.words import COUNT
from noctuary.correlation.placing import Placed
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import JOB_KINDS, Fault, IncidentContext, PodView
from noctuary.models.node_view import NodeView
from noctuary.models.service_index import ServiceIndex

BACKGROUND_S = 3600.0
"""What goes on longer than this, and than the lookback, was there while all was well."""
RATE_STEP = 3.0
"""So many times more often than before is a change; Events of one kind come in bursts of two."""
RECENT_S = 600.0
"""Over which the rate at the onset is taken."""
MAX_DIGITS = 12
"""Of a time in whole seconds."""
CLOCK_SLACK_S = 5.0
"""Times come from several machines and most are cut to the second."""
DRAIN_S = 60.0
"""Pods of a replaced rollout may fail until they are gone."""
LASTED_S = 300.0
"""Back-off repeats a crash every five minutes at most: what was seen within that went on."""
WELL_S = 120.0
"""Between its crashes a container without a readiness probe is ready for seconds; whoever is so for longer is well."""
LONG_WELL_S = 300.0
"""A pod that ran for minutes before it failed is well again when it ran for as long; for so long it always is."""
_UNTIL_GONE, _WELL_BEFORE = "1", "later"
_FIRST_PAUSE_S = 10
_MAX_DOUBLED = 5


class Seen(msgspec.Struct, frozen=True):
    """What was read live: pods by namespace and name, and the services whose pods were read."""

    pods: dict[tuple[str, str], PodView]
    services: frozenset[str]
    running_services: frozenset[str]
    """Those of which something runs, or tries to: what of them stands at nothing is meant to."""
    onset: float


def what_was_seen(context: IncidentContext) -> Seen:
    """Return the live view in the form in which events are held against it."""
    pods = {(pod.namespace, pod.name): pod for pod in context.pods or []}
    index = ServiceIndex(context.services)
    running = frozenset(name for pod in context.pods or [] if is_serving(pod) for name in index.names(pod))
    return Seen(pods, _read_services(context), running, context.onset)


def is_serving(pod: PodView) -> bool:
    """Tell whether a pod is there to serve: jobs are not, and what is leaving is no more."""
    return not pod.is_leaving and pod.workload_kind not in JOB_KINDS


def is_ignored(event: ContextEvent, context: IncidentContext) -> bool:
    """Tell whether the release is set to ignore an event's reason."""
    return event.details.get(details.REASON, "") in context.ignored_reasons


def is_passing(placed: Placed, seen: Seen) -> bool:
    """Tell whether pods show that an event was no fault: its own is gone, or well now, or others run."""
    ref = placed.event.object
    if placed.analyzer.is_state:
        return placed.service in seen.running_services
    if ref is None or ref.kind != "Pod":
        return False
    pod = pod_of(placed.event, seen)
    if pod is not None:
        return placed.analyzer.is_passing(placed.event, pod, seen.onset)
    return placed.analyzer.is_nothing_when_gone and placed.service in seen.services


def as_it_began(placed: Placed, seen: Seen) -> Placed:
    """Return a failing probe's event as of when its pod became unready: before, it only failed now and then.

    So it is with a node that is not ready: one report of its pod counts all outages, and only the last one goes on.
    """
    event, pod = placed.event, pod_of(placed.event, seen)
    began = pod.ready_changed_at if pod is not None and not pod.is_ready else 0.0
    is_so = placed.analyzer.begins_when_unready or event.details.get(details.REASON) == STAYING
    if not is_so or not event.timestamp + CLOCK_SLACK_S < began <= event.last_seen:
        return placed
    told = event.details | {details.TOLD_SINCE: f"{event.timestamp:.0f}"}
    return msgspec.structs.replace(placed, event=msgspec.structs.replace(event, timestamp=began, details=told))


def is_over(placed: Placed, seen: Seen) -> bool:
    """Tell whether what an event reports had ended when the pods were read: its pod is gone, ready since, or was."""
    ref = placed.event.object
    if ref is None or ref.kind != "Pod":
        return False
    pod = pod_of(placed.event, seen)
    if pod is None:
        return placed.service in seen.services
    if pod.is_ready:
        return pod.ready_changed_at > placed.event.last_seen
    return not placed.analyzer.begins_when_unready and was_well(placed.event, pod, pod.ready_changed_at)


def was_well(event: ContextEvent, pod: PodView, until: float) -> bool:
    """Tell whether a pod was well for minutes, and for longer than it failed, after what an event reports."""
    ran_s = min(LONG_WELL_S, event.last_seen - pod.created_at) if pod.created_at else LONG_WELL_S
    return _well_s(event, pod, until) >= max(WELL_S, event.last_seen - event.timestamp, ran_s)


def _well_s(event: ContextEvent, pod: PodView, until: float) -> float:
    """Return how long a pod was well at least.

    When it turned unready is known, and not since when it had been ready: as soon as its container ran again.
    """
    ended = event.last_seen
    if pod.is_ready and ended <= pod.ready_changed_at <= until:
        return until - pod.ready_changed_at
    turned = until if pod.is_ready else min(until, pod.ready_changed_at)
    return turned - ended - _pause_s(event)


def _pause_s(event: ContextEvent) -> float:
    """Return how long the kubelet waits at most before it starts a container again."""
    restarts = event.details.get(details.RESTARTS, "")
    if not COUNT.fullmatch(restarts) or int(restarts) >= _MAX_DOUBLED:
        return LASTED_S
    return float(_FIRST_PAUSE_S << int(restarts))


def goes_on_until(fault: Fault, at: float) -> bool:
    """Tell whether a fault had not ended by then: a container that exited once only starts again at once."""
    return fault.last >= at - (DRAIN_S if is_single(fault) else LASTED_S)


def node_as_seen(placed: Placed, nodes: Mapping[str, NodeView]) -> Placed:
    """Return what was reported of a node with whether it had ended: as the node was read, else as was stored."""
    event = placed.event
    node = nodes.get(event.object.name) if event.object is not None else None
    if node is None:
        return placed
    facts = {name: value for name, value in event.details.items() if name not in (details.ENDED, details.GONE)}
    ended = node.end_of(event.details.get(details.REASON, ""), event.timestamp, told_end(event))
    if ended is not None:
        facts |= as_ended(node, ended, event.details)
    seen = msgspec.structs.replace(event, details=facts, last_seen=max(event.last_seen, ended or 0.0))
    return msgspec.structs.replace(placed, event=seen)


def as_ended(node: NodeView, at: float, told: Mapping[str, str]) -> dict[str, str]:
    """Return the details of a node's trouble that ended, at 0 where nobody knows when; `told` are those it had."""
    was_well = details.GONE not in told and _number(told.get(details.ENDED, "")) > 0
    gone = _WELL_BEFORE if was_well else told.get(details.GONE, _UNTIL_GONE)
    return {details.ENDED: f"{at:.0f}"} | ({details.GONE: gone} if node.is_gone else {})


def told_end(event: ContextEvent) -> float:
    """Return when a node's trouble ended as it was reported; 0 where it was not."""
    return _number(event.details.get(details.ENDED, ""))


def lasted_until_gone(fault: Fault) -> bool:
    """Tell whether a node was in trouble until it was deleted."""
    return fault.is_over and fault.details.get(details.GONE) == _UNTIL_GONE


def ended_at(fault: Fault) -> float:
    """Return when a node's trouble ended; 0 where it goes on, or nobody knows."""
    return _number(fault.details.get(details.ENDED, "")) if fault.is_over else 0.0


def _number(text: str) -> float:
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 0.0


def is_background(fault: Fault, context: IncidentContext) -> bool:
    """Tell whether a fault goes on since long before the onset, no more often, beside pods that are well.

    Where it is not known how often it was seen before, only pods that are well prove that it does no harm.
    """
    points = _points(fault.details.get(details.HISTORY, ""))
    since = min([fault.first, *(at for at, _ in points[:1])])
    if since >= context.onset - max(BACKGROUND_S, context.lookback_s) or fault.last <= since:
        return False
    rose = _rate_rose(points, context.onset)
    if rose:
        return False
    analyzer = registry.analyzer_of(fault)
    is_steady = analyzer.is_standing or (rose is False and not analyzer.stops_pods)
    return is_steady or _has_ready_pods(fault, context)


def _has_ready_pods(fault: Fault, context: IncidentContext) -> bool:
    return any(
        pod.is_ready and (pod.namespace, pod.workload) == (fault.subject.namespace, fault.subject.name)
        for pod in context.pods or []
    )


def pod_of(event: ContextEvent, seen: Seen) -> PodView | None:
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


def _rate_rose(points: list[tuple[float, int]], onset: float) -> bool | None:
    """Tell whether a Warning came more often since the onset; None where it was not counted twice before."""
    before = [point for point in points if point[0] <= onset - RECENT_S]
    if len(before) < 2:
        return None
    (first_at, first), (mid_at, mid), (last_at, last) = before[0], before[-1], points[-1]
    earlier = (mid - first) / max(1.0, mid_at - first_at)
    return (last - mid) / max(1.0, last_at - mid_at) > RATE_STEP * earlier


def _points(text: str) -> list[tuple[float, int]]:
    pairs = (point.partition(":") for point in text.split())
    return [(float(at), int(count)) for at, _, count in pairs if at.isdecimal() and count.isdecimal()]
