"""From the events of one episode to the fault that they tell."""

import re
from collections.abc import Iterable, Mapping

from noctuary.analyzers import registry
from noctuary.correlation.placing import Placed
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

_COUNT = re.compile(r"[0-9]{1,8}")
"""Details are untrusted text: anything else is no number of restarts."""


def make_fault(
    kind: str, subject: Subject, template_hash: str, members: list[Placed], over: Mapping[str, bool]
) -> Fault:
    """Return the fault that some events tell; what was seen last counts where they differ.

    `over` tells by event id whether what it reports was seen to have ended.
    """
    events = sorted((p.event for p in members), key=lambda e: e.timestamp)
    merged: dict[str, str] = {}
    for event in sorted(events, key=lambda e: e.last_seen):
        merged |= event.details
    counts = _restarts(events)
    merged[details.RESTARTS] = str(sum(counts.values()))
    merged[details.LEAST_RESTARTS] = str(_least(counts, _pods(events)))
    merged |= {details.MESSAGE: told} if (told := _telling_message(kind, events)) else {}
    begun = [float(each) for event in events if (each := event.details.get(details.TOLD_SINCE, "")).isdecimal()]
    merged |= {details.TOLD_SINCE: f"{min(begun):.0f}"} if begun else {}
    going_on = [event for event in events if not over.get(event.id, False)]
    refs = [event.object for event in events if event.object is not None]
    latest = max(events, key=lambda e: e.last_seen)
    return Fault(
        kind=kind,
        event_ids=list(dict.fromkeys(event.id for event in events)),
        subject=subject,
        service=members[0].service,
        relation=members[0].relation,
        template_hash=template_hash,
        first=events[0].timestamp,
        last=latest.last_seen,
        pods=_pods(events),
        nodes=sorted({ref.node for ref in refs} - {""}),
        details=merged,
        vendor=events[0].vendor,
        text=str(events[-1].new_value or events[-1].entity),
        entity=latest.entity,
        event_type=str(latest.event_type),
        actor=latest.actor,
        sha=latest.sha,
        link=latest.link,
        confidence=latest.confidence if members[0].is_posted else 1.0,
        is_posted=members[0].is_posted,
        is_over=not going_on,
        failing_pods=_pods(going_on),
    )


def told_since(fault: Fault) -> float:
    """Return when a fault was told first: a probe may fail now and then before its pod becomes unready."""
    told = fault.details.get(details.TOLD_SINCE, "")
    return float(told) if told.isdecimal() else fault.first


def _telling_message(kind: str, events: list[ContextEvent]) -> str:
    """Return the message that tells most: a late "timed out" must not replace why."""
    analyzer = registry.analyzer_named(kind)
    messages = [message for event in events if (message := event.details.get(details.MESSAGE, ""))]
    ranks = {message: rank for message in messages if (rank := analyzer.rank_of_hint(message)) is not None}
    return min(reversed(messages), key=lambda message: ranks.get(message, len(analyzer.hints)), default="")


def _pods(events: Iterable[ContextEvent]) -> list[str]:
    refs = (event.object for event in events)
    return sorted({ref.name for ref in refs if ref is not None and ref.kind == "Pod"})


def _restarts(events: Iterable[ContextEvent]) -> dict[tuple[str, str], int]:
    """Return the restarts by pod and container; each counts its own."""
    counts: dict[tuple[str, str], int] = {}
    for event in events:
        told = event.details.get(details.RESTARTS, "")
        if event.object is not None and _COUNT.fullmatch(told):
            container = (event.object.name, event.details.get(details.CONTAINER, ""))
            counts[container] = max(counts.get(container, 0), int(told))
    return counts


def _least(counts: Mapping[tuple[str, str], int], pods: list[str]) -> int:
    """Return how often the pod restarted that did so least."""
    return min((max((n for (name, _), n in counts.items() if name == pod), default=0) for pod in pods), default=0)
