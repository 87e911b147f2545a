"""Why containers crashed, as the end of their logs says: read for a few that stand for all, told with their events."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import structlog

from noctuary.analyzers.base import CRASH_REASONS, HELD_BACK, SIGNALS
from noctuary.analyzers.last_words import why_ended
from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.common.words import is_label, is_subdomain
from noctuary.correlation.placing import KUBERNETES_SOURCE, Placing, workload_of
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from noctuary.models.evidence import Evidence
from noctuary.models.live_view import LogReader, LogRequest

log = structlog.get_logger()

MAX_LOGS = 4
"""Logs that one look reads: one of each template and container, of the incident's own pods first."""
LOGS_TIMEOUT_S = 2.0
"""For all of them: a node that does not answer keeps no better answer back."""
SAME_EPISODE_S = 900.0
"""Crashes of one template within this time have one reason; back-off repeats one every five minutes at most."""
UNREAD = "the last words of crashed containers"
"""How it is told that logs could not be read."""


class Crashed(NamedTuple):
    """What crashes in one way: the container of a template, with one exit code."""

    workload: Subject
    template_hash: str
    container: str
    exit_code: str


Reasons = dict[Crashed, tuple[float, dict[str, str]]]
"""When a crash was last seen, and what its last words tell, as details of an event."""


async def with_last_words(
    reader: LogReader | None,
    events: list[ContextEvent],
    services: list[ServiceView],
    pods: list[PodView] | None,
    known: Evidence | None,
    gaps: list[str],
) -> list[ContextEvent]:
    """Return events of which the crashes tell why, as far as their logs say so, or `known` told it already.

    What could not be read is added to `gaps`.
    """
    reasons = _told(events) | ({} if known is None else _known(known))
    if reader is not None and pods is not None:
        wanted = _to_read(events, services, pods, reasons)
        reasons |= await _read_all(reader, wanted, gaps)
    return [_with_reason(event, reasons) for event in events]


def lacks_reason(evidence: Evidence) -> bool:
    """Tell whether a container crashes for a reason that its log may tell."""
    diagnosis = evidence.diagnosis
    faults = [*(fault for cause in (*diagnosis.causes, *diagnosis.weak) for fault in cause.faults)]
    return any(
        fault.details.get(details.REASON) in CRASH_REASONS
        and details.LOG_REASON not in fault.details
        and fault.details.get(details.EXIT_CODE) not in SIGNALS
        for fault in faults
        if not fault.is_posted
    )


def _crashed(event: ContextEvent) -> Crashed | None:
    """Return what crashed; None for what is no crash of a container, or was ended from outside."""
    told = event.details
    if event.source != KUBERNETES_SOURCE or event.object is None or event.object.kind != "Pod":
        return None
    code, container = told.get(details.EXIT_CODE, ""), told.get(details.CONTAINER, "")
    if told.get(details.REASON) not in CRASH_REASONS or code in SIGNALS or not is_label(container):
        return None
    return Crashed(workload_of(event), told.get(details.TEMPLATE_HASH, ""), container, code)


def _told(events: Iterable[ContextEvent]) -> Reasons:
    """Return the reasons that termination messages tell already."""
    return {
        crashed: (event.last_seen, _of(event.details))
        for event in sorted(events, key=lambda each: each.last_seen)
        if details.LOG_REASON in event.details and (crashed := _crashed(event)) is not None
    }


def _known(known: Evidence) -> Reasons:
    """Return the reasons that an earlier look has found: a log is gone with its pod, the answer stays."""
    diagnosis = known.diagnosis
    faults = [fault for cause in (*diagnosis.causes, *diagnosis.weak) for fault in cause.faults]
    return {
        Crashed(
            fault.subject,
            fault.template_hash,
            fault.details.get(details.CONTAINER, ""),
            fault.details.get(details.EXIT_CODE, ""),
        ): (fault.last, _of(fault.details))
        for fault in [*faults, *diagnosis.background]
        if details.LOG_REASON in fault.details
    }


def _of(told: dict[str, str]) -> dict[str, str]:
    return {name: told[name] for name in (details.LOG_REASON, details.MESSAGE) if name in told}


def _to_read(
    events: Iterable[ContextEvent], services: list[ServiceView], pods: list[PodView], reasons: Reasons
) -> dict[Crashed, ContextEvent]:
    """Return the latest crash of each template and container whose pod is there, the incident's own first."""
    placing, there = Placing(services), {(pod.namespace, pod.name) for pod in pods}
    found: list[tuple[bool, float, Crashed, ContextEvent]] = []
    for event in events:
        crashed, ref = _crashed(event), event.object
        if crashed is None or ref is None or crashed in reasons or (ref.namespace, ref.name) not in there:
            continue
        placed = placing.place(event)
        if placed is not None and is_label(ref.namespace) and is_subdomain(ref.name):
            found.append((placed.relation is not Relation.OWN, -event.last_seen, crashed, event))
    latest: dict[Crashed, ContextEvent] = {}
    for _, _, crashed, event in sorted(found, key=lambda each: each[:2]):
        latest.setdefault(crashed, event)
    return dict(list(latest.items())[:MAX_LOGS])


async def _read_all(reader: LogReader, wanted: dict[Crashed, ContextEvent], gaps: list[str]) -> Reasons:
    failures: set[str] = set()
    read = await asyncio.gather(*(_read_one(reader, event, failures) for event in wanted.values()))
    gaps.extend(f"{UNREAD}, because {why}" for why in sorted(failures))
    return {
        crashed: (event.last_seen, found.details())
        for (crashed, event), lines in zip(wanted.items(), read, strict=True)
        if lines and (found := await asyncio.to_thread(why_ended, lines, crashed.exit_code)) is not None
    }


async def _read_one(reader: LogReader, event: ContextEvent, failures: set[str]) -> list[str] | None:
    ref = event.object
    if ref is None:
        return None
    restarts = event.details.get(details.RESTARTS, "0")
    has_previous = event.details.get(details.REASON) in HELD_BACK or restarts not in ("", "0")
    request = LogRequest(ref.namespace, ref.name, event.details[details.CONTAINER], previous=has_previous)
    try:
        async with asyncio.timeout(LOGS_TIMEOUT_S):
            lines = await reader(request)
            if not lines and has_previous:
                lines = await reader(msgspec.structs.replace(request, previous=False))
            return lines
    except (KubernetesError, TimeoutError, OSError) as error:
        is_refused = isinstance(error, KubernetesError) and is_refusal(error)
        log.info("A log could not be read", pod=ref.name, namespace=ref.namespace, refused=is_refused)
        failures.add("the API server refuses to show their logs" if is_refused else "their logs did not come in time")
        return None
    except Exception:
        log.exception("A log could not be understood", pod=ref.name, namespace=ref.namespace)
        return None


def _with_reason(event: ContextEvent, reasons: Reasons) -> ContextEvent:
    crashed = _crashed(event)
    if crashed is None or details.LOG_REASON in event.details or crashed not in reasons:
        return event
    last_seen, told = reasons[crashed]
    if abs(event.last_seen - last_seen) > SAME_EPISODE_S:
        return event
    return msgspec.structs.replace(event, details=event.details | told)
