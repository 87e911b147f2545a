"""The state window of an incident: what was stored of its services, each with a budget of its own, and what was cut."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from noctuary.common.clock import format_clock
from noctuary.models.context_event import ContextEvent, merge_repeated
from noctuary.models.diagnosis import ServiceView
from noctuary.models.reaching.reach import OF_OBJECTS
from noctuary.store.interface import Store
from noctuary.store.queries import EventQuery

CLUSTER_TENANT = ""
"""Nodes belong to no namespace."""
MAX_CHANGES = 100
"""Changes of one service: who deploys more often within one lookback has no use for a list of them."""
MAX_WARNINGS = 300
"""Everything else of one service: a note shows twenty lines, and each workload and reason has its turn."""


SHORTENED = "texts"
"""The kind of a cut that left out no event, only the ends of texts."""


class Cut(NamedTuple):
    """What was left out of the changes or warnings of one service: how many, beside how many, and how many posted.

    With `is_more` it was more than that, and not counted.
    """

    service: str
    kind: str
    since: float
    left_out: int
    kept: int
    posted: int
    is_more: bool = False

    def __str__(self) -> str:
        """Return it as what was not looked at."""
        if self.kind == SHORTENED:
            return f"the ends of the long texts of {self.left_out} events of {self.service}"
        posted = f", {'at least ' * self.is_more}{self.posted} of them posted" if self.posted else ""
        total = f"{self.left_out + self.kept} {self.kind} of {self.service} since {format_clock(self.since)} UTC"
        if self.is_more:
            return f"all but {self.kept} of more than {total}{posted}"
        return f"the oldest {self.left_out} of {total}{posted}"


def note_cut(cuts: list[Cut], cut: Cut) -> None:
    """Add what was left out; of one service and kind the larger of two, since both may have left out the same.

    What was not counted to its end is larger than what was.
    """
    if not cut.left_out:
        return
    others = [each for each in cuts if (each.service, each.kind) == (cut.service, cut.kind)]
    if all(_size_of(each) < _size_of(cut) for each in others):
        cuts[:] = [*(each for each in cuts if each not in others), cut]


def _size_of(cut: Cut) -> tuple[bool, int]:
    return cut.is_more, cut.left_out + cut.kept


async def read_window(
    store: Store,
    services: list[ServiceView],
    since: float,
    now: float,
    cuts: list[Cut],
    ignored_reasons: Sequence[str] = (),
) -> list[ContextEvent]:
    """Read what was stored of the services and of nodes, without reasons to ignore; note what was more than is read."""
    nodes = EventQuery([CLUSTER_TENANT], None, since, now, now, MAX_WARNINGS, MAX_CHANGES)
    asked_by = services[0].tenant if services else CLUSTER_TENANT
    queries = [
        msgspec.structs.replace(query, without_reasons=list(ignored_reasons), asked_by=asked_by)
        for query in [*(_query(service, since, now) for service in services), nodes, _of_objects(services, since, now)]
    ]
    found = await asyncio.gather(*(store.select(query) for query in queries))
    names = [*(service.name for service in services), "nodes", OF_OBJECTS]
    for name, window in zip(names, found, strict=True):
        note_cut(cuts, Cut(name, SHORTENED, since, window.texts_cut, len(window.events), 0))
        for kind, left_out, kept, posted, is_more in (
            ("changes", window.changes_cut, MAX_CHANGES, window.posted_changes_cut, window.more_changes),
            ("warnings", window.others_cut, MAX_WARNINGS, window.posted_others_cut, window.more_others),
        ):
            note_cut(cuts, Cut(name, kind, since, left_out, kept, posted, is_more))
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


def _of_objects(services: list[ServiceView], since: float, now: float) -> EventQuery:
    """Ask for the changes of all objects in the services' namespaces that belong to no single workload."""
    namespaces = list(dict.fromkeys(name for service in services for name in service.namespaces))
    return EventQuery(namespaces, [OF_OBJECTS], since, now, now, MAX_WARNINGS, MAX_CHANGES)


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
