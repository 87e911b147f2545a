"""From the events of one episode to the fault that they tell."""

import re
from collections.abc import Iterable, Mapping

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
    merged[details.RESTARTS] = str(_restarts(events))
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


def _pods(events: Iterable[ContextEvent]) -> list[str]:
    refs = (event.object for event in events)
    return sorted({ref.name for ref in refs if ref is not None and ref.kind == "Pod"})


def _restarts(events: Iterable[ContextEvent]) -> int:
    """Add up the restarts of all containers; each counts its own."""
    counts: dict[tuple[str, str], int] = {}
    for event in events:
        told = event.details.get(details.RESTARTS, "")
        if event.object is not None and _COUNT.fullmatch(told):
            container = (event.object.name, event.details.get(details.CONTAINER, ""))
            counts[container] = max(counts.get(container, 0), int(told))
    return sum(counts.values())
