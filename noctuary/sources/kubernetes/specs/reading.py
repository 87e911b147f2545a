"""List the specs of one namespace: every kind once, side by side; what cannot be read is known to be missing."""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import KubeClient
from noctuary.kube.listing import list_objects
from noctuary.kube.objects import KubeObject
from noctuary.sources.kubernetes.specs.kinds import SPEC_KINDS, SpecKind
from noctuary.sources.kubernetes.specs.resources.kinds import RESOURCE_KINDS

MAX_OBJECTS = 1000
"""Objects of one kind in one namespace: of more, those that are left out may be what is missing."""
WITHIN_S = 0.6
"""For all kinds of one namespace: the whole view must be there within the second that the note promises."""

KINDS: tuple[SpecKind[Any], ...] = (*SPEC_KINDS, *RESOURCE_KINDS)
"""Of each namespace."""

T = TypeVar("T", bound=KubeObject)


class Specs(msgspec.Struct, frozen=True):
    """What was read of a namespace, or of the cluster, by kind's resource; checks say nothing of what is not here.

    `refused` are kinds that we may not see, `absent` those that this cluster does not have, `failed` those that did
    not answer, `cut` those of which there are more objects than were read.
    """

    namespace: str
    lists: dict[str, list[Any]] = {}
    refused: set[str] = msgspec.field(default_factory=set)
    absent: set[str] = msgspec.field(default_factory=set)
    failed: set[str] = msgspec.field(default_factory=set)
    cut: set[str] = msgspec.field(default_factory=set)

    def of(self, kind: SpecKind[T]) -> list[T]:
        """Return the objects of a kind; none where it was not read."""
        found: list[T] = self.lists.get(kind.resource, [])
        return found

    def knows_all(self, *kinds: SpecKind[Any]) -> bool:
        """Tell whether all objects of these kinds were read, so that one that is not here does not exist."""
        return all(kind.resource in self.lists and kind.resource not in self.cut for kind in kinds)


NOTHING_READ = Specs("")


async def read_specs(
    kube: KubeClient,
    at_once: asyncio.Semaphore,
    namespace: str,
    kinds: Iterable[SpecKind[Any]] = KINDS,
    max_objects: int = MAX_OBJECTS,
    within_s: float = WITHIN_S,
) -> Specs:
    """Read the kinds side by side; one that cannot be read in time does not keep the others from being told."""
    found = Specs(namespace)
    wanted = list(kinds)
    try:
        async with asyncio.timeout(within_s):
            await asyncio.gather(*(_read(kube, at_once, found, kind, max_objects) for kind in wanted))
    except TimeoutError:
        told = {*found.lists, *found.refused, *found.absent}
        found.failed.update({kind.resource for kind in wanted} - told)
    return found


async def _read(
    kube: KubeClient, at_once: asyncio.Semaphore, found: Specs, kind: SpecKind[Any], max_objects: int
) -> None:
    path = kind.path(found.namespace)
    try:
        async with at_once:
            listing = await list_objects(kube, path, kind.kind, from_cache=True, max_objects=max_objects)
    except KubernetesError as error:
        why = found.absent if error.not_found else found.refused if is_refusal(error) else found.failed
        why.add(kind.resource)
        return
    found.lists[kind.resource] = listing.objects
    if listing.is_partial:
        found.cut.add(kind.resource)
