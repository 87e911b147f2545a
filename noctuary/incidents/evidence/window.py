"""The state window of an incident: what was stored of its services, each with a budget of its own, and what was cut."""

import asyncio
from collections.abc import Sequence

import msgspec

from noctuary.common.clock import format_clock
from noctuary.models.context_event import ContextEvent, merge_repeated
from noctuary.models.diagnosis import ServiceView
from noctuary.store.interface import EventQuery, Store, Window

CLUSTER_TENANT = ""
"""Nodes belong to no namespace."""
MAX_CHANGES = 100
"""Changes of one service: who deploys more often within one lookback has no use for a list of them."""
MAX_WARNINGS = 300
"""Everything else of one service: a note shows twenty lines, and each workload and reason has its turn."""


async def read_window(
    store: Store,
    services: list[ServiceView],
    since: float,
    now: float,
    gaps: list[str],
    ignored_reasons: Sequence[str] = (),
) -> list[ContextEvent]:
    """Read what was stored of the services and of nodes, without reasons to ignore; say what was more than is read."""
    nodes = EventQuery([CLUSTER_TENANT], None, since, now, now, MAX_WARNINGS, MAX_CHANGES)
    queries = [
        msgspec.structs.replace(query, without_reasons=list(ignored_reasons))
        for query in [*(_query(service, since, now) for service in services), nodes]
    ]
    found = await asyncio.gather(*(store.select(query) for query in queries))
    names = [service.name for service in services] + ["nodes"]
    for name, window in zip(names, found, strict=True):
        gaps.extend(gap for gap in _cut(name, window, since) if gap not in gaps)
    return merge_events(*(window.events for window in found))


def _query(service: ServiceView, since: float, now: float) -> EventQuery:
    """Ask for what the service's own tenant posts by its name, and for cluster objects by labels, else by name.

    What another tenant posts is of no service of this one, also where its namespace is mapped: it takes nobody's place.
    """
    return EventQuery(
        tenants=service.namespaces,
        services=[service.name],
        since=since,
        until=now,
        now=now,
        limit=MAX_WARNINGS,
        change_limit=MAX_CHANGES,
        workloads=[service.name],
        match_labels=service.match_labels,
        posts_of=service.tenant,
    )


def _cut(name: str, window: Window, since: float) -> list[str]:
    parts = [
        (window.changes_cut, window.posted_changes_cut, MAX_CHANGES, "changes"),
        (window.others_cut, window.posted_others_cut, MAX_WARNINGS, "warnings"),
    ]
    return [
        f"the oldest {cut} of {cut + kept} {kind} of {name} since {format_clock(since)} UTC"
        + (f", {posted} of them posted" if posted else "")
        for cut, posted, kept, kind in parts
        if cut
    ]


def merge_events(*lists: list[ContextEvent]) -> list[ContextEvent]:
    """Join events from several readings; the same one (by its dedup key) is kept once, as last seen."""
    merged: dict[tuple[str, str, str], ContextEvent] = {}
    for event in (event for events in lists for event in events):
        key = (event.tenant, event.source, event.dedup_key)
        known = merged.get(key)
        merged[key] = event if known is None else merge_repeated(known, event)
    return list(merged.values())


def tenants_of(services: list[ServiceView]) -> list[str]:
    """Return the namespaces that may hold events of services: the integration's own and those they run in."""
    return list(dict.fromkeys(tenant for s in services for tenant in (s.tenant, *s.namespaces)))
