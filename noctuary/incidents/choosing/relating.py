"""From what alerts name to the services of the incident: what is named is its own, what was mapped besides is near."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from noctuary.incidents.choosing.finding import BROAD, find, missing
from noctuary.models.diagnosis import Relation, ServiceView, Subject
from noctuary.models.evidence import AlertTarget
from noctuary.models.live_view import Thing
from noctuary.models.service_index import ServiceIndex

MAX_CHOSEN = 20
"""Workloads of one incident: alerts that name more are about what these have in common, as the mapping has it."""


class Chosen(NamedTuple):
    """The services that alerts name, and the targets of which nothing is there."""

    services: list[ServiceView]
    not_there: list[AlertTarget]


def choose(targets: Iterable[AlertTarget], things: list[Thing], mapped: list[ServiceView], tenant: str) -> Chosen:
    """Return the services that targets mean among what is there; `mapped` are all of the integration, nearest first."""
    covering = _Covering(mapped, things)
    chosen: dict[str, ServiceView] = {}
    not_there: list[AlertTarget] = []
    for target in targets:
        by, found = find(target, things)
        if not found or (by == "Namespace" and missing(target)):
            not_there.append(target)
        found = covering.own_of(found) if by == "Namespace" else found
        meant = covering.mapped_of(found) if by in BROAD else covering.with_twins(found)
        for thing in meant:
            view = covering.view(thing, tenant, is_broad=by in BROAD)
            known = chosen.get(view.name)
            chosen[view.name] = view if known is None else _with_namespaces(known, view)
    return Chosen(list(chosen.values()) if len(chosen) <= MAX_CHOSEN else [], not_there)


def things_by_name(mapped: Iterable[ServiceView], unread: Iterable[str]) -> list[Thing]:
    """Return what is mapped to namespaces that could not be read, as if it were there: only its name is known."""
    names = set(unread)
    return [
        Thing(Subject("", namespace, each.name), dict(each.match_labels), frozenset({each.name}))
        for each in mapped
        for namespace in each.namespaces
        if namespace in names
    ]


class _Covering:
    """Which mapped service each thing is of, and how many are of the same."""

    def __init__(self, mapped: list[ServiceView], things: list[Thing]) -> None:
        self._index = ServiceIndex(mapped)
        self._things = things
        self._sizes = Counter((each.subject.namespace, self._rank(each)) for each in things)
        self._names = {each.name for each in mapped}

    def own_of(self, found: list[Thing]) -> list[Thing]:
        """Return those of the incident's own services: its namespace, which all alerts bear, says less than they do."""
        return [each for each in found if self._is_own(each)] or found

    def mapped_of(self, found: list[Thing]) -> list[Thing]:
        """Return those that are mapped; where none is, the first of all."""
        return [each for each in found if self._rank(each) is not None] or found[:MAX_CHOSEN]

    def with_twins(self, found: list[Thing]) -> list[Thing]:
        """Return things, and what is behind the same Services: a canary is of what it is to replace."""
        services = {(each.subject.namespace, name) for each in found for name in each.services}
        twins = (
            each
            for each in self._things
            if each not in found and any((each.subject.namespace, name) in services for name in each.services)
        )
        return [*found, *twins]

    def view(self, thing: Thing, tenant: str, *, is_broad: bool) -> ServiceView:
        """Return the mapped service that a thing is of, or the thing alone where that has others as well."""
        namespace, rank = thing.subject.namespace, self._rank(thing)
        service = self._index.services[rank] if rank is not None else None
        is_alone = is_broad or self._sizes[namespace, rank] == 1 or thing.subject.name in self._names
        if service is not None and is_alone:
            return msgspec.structs.replace(service, relation=Relation.OWN, namespaces=[namespace])
        return ServiceView(thing.subject.name, Relation.OWN, tenant, [namespace])

    def _is_own(self, thing: Thing) -> bool:
        rank = self._rank(thing)
        return rank is not None and self._index.services[rank].relation is Relation.OWN

    def _rank(self, thing: Thing) -> int | None:
        return self._index.rank(thing.subject.namespace, thing.labels, thing.names)


def _with_namespaces(known: ServiceView, more: ServiceView) -> ServiceView:
    return msgspec.structs.replace(known, namespaces=list(dict.fromkeys([*known.namespaces, *more.namespaces])))
