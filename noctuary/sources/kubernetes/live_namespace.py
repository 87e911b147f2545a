"""What one namespace holds now of some services, read once for all of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import KubeClient
from noctuary.kube.listing import list_objects
from noctuary.kube.objects import KubeObject, PodTemplate, WorkloadObject
from noctuary.kube.odd import each_understood
from noctuary.models.diagnosis import ServiceView
from noctuary.models.naming import names_of
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.controller_revisions import CONTROLLER_REVISIONS, view_controller_revision
from noctuary.sources.kubernetes.kinds.daemon_sets import DAEMON_SETS, view_daemon_set
from noctuary.sources.kubernetes.kinds.deployments import DEPLOYMENTS, view_deployment
from noctuary.sources.kubernetes.kinds.pods import Pod, identify_pod
from noctuary.sources.kubernetes.kinds.replica_sets import REPLICA_SETS, view_replica_set
from noctuary.sources.kubernetes.kinds.stateful_sets import STATEFUL_SETS, view_stateful_set
from noctuary.sources.kubernetes.rollouts.holders import RevisionHolders
from noctuary.sources.kubernetes.rollouts.workloads import Key, WorkloadView
from noctuary.sources.kubernetes.specs.kinds import CLUSTER_KINDS, SPEC_KINDS, SpecKind
from noctuary.sources.kubernetes.specs.pods import LIVE_PODS, LivePod
from noctuary.sources.kubernetes.specs.reading import NOTHING_READ, Specs, read_specs
from noctuary.sources.kubernetes.specs.resources.kinds import CLAIMS, VOLUME_KINDS
from noctuary.sources.kubernetes.watched_kind import WatchedKind

ALL = ""
"""The selector of everything."""
MAX_SELECTORS = 3
"""Lists by labels of a namespace that is too large to be read whole: services that share a label's name share one."""
MAX_LIST_BYTES = 4 * 1024 * 1024
"""Of one kind in one namespace: a thousand pods have about as much, and a longer answer comes too late for a note."""
MAX_LOOK_BYTES = 64 * 1024 * 1024
"""Of all lists of one look together: four looks run side by side within the receiver's memory."""
BETWEEN_PAUSES = 50
"""Revisions that are summarised before others have their turn in the event loop: a template may have a megabyte."""
SPECS_SHARE = 0.8
"""Of the time for a namespace: what its specs say is worth telling less than its pods, which must not wait for it."""
BOUND = "Bound"
"""The phase of a claim that has its volume."""
_WORKLOADS: tuple[tuple[WatchedKind[Any], Any], ...] = (
    (DEPLOYMENTS, view_deployment),
    (STATEFUL_SETS, view_stateful_set),
    (DAEMON_SETS, view_daemon_set),
)
_HOLDERS: tuple[tuple[WatchedKind[Any], Any], ...] = (
    (REPLICA_SETS, view_replica_set),
    (CONTROLLER_REVISIONS, view_controller_revision),
)

T = TypeVar("T", bound=KubeObject)


class Reading(msgspec.Struct):
    """How objects are read: over which connection, how many lists at once, how many of a kind, how long, and what."""

    kube: KubeClient
    at_once: asyncio.Semaphore
    max_objects: int
    within_s: float
    reads_specs: bool = True
    sees_cluster: bool = True
    bytes_left: int = MAX_LOOK_BYTES
    """What further lists may hold: shared by all that one look reads."""
    begun: float = msgspec.field(default_factory=time.monotonic)
    """When the look began."""

    @property
    def for_specs_s(self) -> float:
        """How long specs may still be waited for."""
        return max(0.0, self.within_s * SPECS_SHARE - (time.monotonic() - self.begun))

    async def list(self, kind: WatchedKind[T] | SpecKind[T], namespace: str, selector: str, cut: set[str]) -> list[T]:
        """List the objects that a selector finds; note in `cut` when there are more than are read."""
        selectors = {"labelSelector": selector} if selector else {}
        async with self.at_once:
            found = await list_objects(
                self.kube,
                kind.path(namespace),
                kind.kind,
                selectors=selectors,
                from_cache=True,
                max_objects=self.max_objects,
                max_bytes=max(1, min(MAX_LIST_BYTES, self.bytes_left)),
            )
        self.bytes_left -= found.length
        if found.is_partial:
            cut.add(selector)
        return found.objects


class Namespace(msgspec.Struct):
    """What was read of one namespace; `cut` holds the selectors that find more objects than were read."""

    name: str
    workloads: dict[Key, WorkloadView] = {}
    holders: RevisionHolders = msgspec.field(default_factory=RevisionHolders)
    pods: dict[str, LivePod] = {}
    templates: dict[Key, PodTemplate] = {}
    """Of the workloads whose kinds are read."""
    objects: dict[Key, WorkloadObject] = {}
    """The same as they were read, for what a view does not hold: conditions, counts."""
    volumes: Specs = NOTHING_READ
    """The volumes and storage classes of the cluster: read where a claim has no volume."""
    cut: set[str] = msgspec.field(default_factory=set)
    selectors: set[str] = msgspec.field(default_factory=set)
    has_more_workloads: bool = False
    is_told: bool = False
    """Whether what runs in it was read, so that it is worth telling; its specs may still be missing."""
    refused: set[str] = msgspec.field(default_factory=set)
    """Kinds of objects that hold revisions and are not shown to us."""
    specs: Specs = NOTHING_READ

    _identities: dict[str, PodIdentity] = {}

    @property
    def knows_all_pods(self) -> bool:
        """Tell whether all its pods and workloads were read, so that what selects none of them selects nothing."""
        return ALL in self.selectors and not self.cut and not self.has_more_workloads

    def identify(self, pod: Pod) -> PodIdentity:
        """Return whose a pod is, with its owner's own owner where that was read; asked once all was read."""
        known = self._identities.get(pod.metadata.uid)
        if known is not None:
            return known
        identity = identify_pod(pod)
        owner = self.workloads.get(self.holders.owner((identity.ref.namespace, identity.owner_uid)))
        found = identity.owned_by(owner.kind, owner.name) if owner is not None else identity
        self._identities[pod.metadata.uid] = found
        return found

    def is_cut(self, service: ServiceView) -> bool:
        """Return whether there may be more of a service than was read."""
        own = selector_of(service)
        return self.has_more_workloads or (own if own in self.selectors else ALL) in self.cut


class Member(NamedTuple):
    """A pod of a service, identified once for all that is told of it; `rank`: the first service that it is of."""

    pod: LivePod
    identity: PodIdentity
    rank: int


def members_of(found: Namespace, services: ServiceIndex) -> list[Member]:
    """Return the pods of a namespace that are of any of the services."""
    known = each_understood(found.pods.values(), lambda pod: (pod, found.identify(pod)))
    placed = (
        Member(pod, each, rank)
        for pod, each in known
        if (rank := services.rank(found.name, each.ref.labels, each.names())) is not None
    )
    return list(placed)


def selector_of(service: ServiceView) -> str:
    """Return the label selector of a service."""
    return ",".join(f"{name}={value}" for name, value in sorted(service.match_labels.items()))


def shared_selectors(services: Iterable[ServiceView]) -> dict[str, set[str]]:
    """Return few selectors that find all services that have labels, each with the selectors that it stands for.

    Services share one by the name of a label that most of them have; what it finds besides is not theirs.
    """
    left = {selector_of(each): each.match_labels for each in services if each.match_labels}
    found: dict[str, set[str]] = {}
    while left:
        usual = Counter(name for labels in left.values() for name in labels)
        name = max(usual, key=lambda each: (usual[each], each))
        covered = {selector: labels[name] for selector, labels in left.items() if name in labels}
        values = ",".join(sorted(set(covered.values())))
        found[next(iter(covered)) if len(covered) == 1 else f"{name} in ({values})"] = set(covered)
        left = {selector: labels for selector, labels in left.items() if selector not in covered}
    return found


def is_wanted(found: Namespace, view: WorkloadView, services: ServiceIndex) -> bool:
    """Return whether a workload is of any of the services."""
    return services.rank(found.name, view.labels, names_of(view.labels, view.name, view.service_name)) is not None


async def read_namespace(
    reading: Reading, found: Namespace, services: list[ServiceView], *, with_specs: bool = True
) -> None:
    """Read a namespace once for all services in it; where it is too large, those with labels are asked for besides.

    Specs are asked for after what runs: there are many kinds, and what runs in other namespaces goes first.
    """
    await asyncio.gather(_read_workloads(reading, found), _read_selected(reading, found, ALL))
    found.workloads = found.holders.foreign_owners() | found.workloads
    found.is_told = True
    await asyncio.gather(_read_shared(reading, found, services), *([_read_specs(reading, found)] if with_specs else []))
    found.workloads = found.holders.foreign_owners() | found.workloads


async def _read_shared(reading: Reading, found: Namespace, services: list[ServiceView]) -> None:
    """Ask for the services that have labels, where the namespace is too large to be read whole."""
    if ALL in found.cut:
        shared = list(shared_selectors(services).items())[:MAX_SELECTORS]
        await asyncio.gather(*(_read_selected(reading, found, each) for each, _ in shared))
        for selector, covered in shared:
            found.selectors |= covered
            found.cut |= covered if selector in found.cut else set()


async def read_cluster(reading: Reading, *, is_seen: bool) -> Specs:
    """Read the specs of no namespace, where the release sees the whole cluster."""
    if not (is_seen and reading.reads_specs):
        return NOTHING_READ
    within_s = reading.within_s * SPECS_SHARE
    return await read_specs(reading.kube, reading.at_once, "", CLUSTER_KINDS, within_s=within_s)


async def _read_specs(reading: Reading, found: Namespace) -> None:
    """Read the specs, and where a claim has no volume what there is for it, all within one time."""
    if not reading.reads_specs:
        return
    found.specs = Specs(found.name, failed={kind.resource for kind in SPEC_KINDS})  # until they were read
    found.specs = await read_specs(reading.kube, reading.at_once, found.name, within_s=reading.for_specs_s)
    if reading.sees_cluster and any(claim.status.phase != BOUND for claim in found.specs.of(CLAIMS)):
        left_s = reading.for_specs_s
        found.volumes = await read_specs(reading.kube, reading.at_once, "", VOLUME_KINDS, within_s=left_s)


async def _read_workloads(reading: Reading, found: Namespace) -> None:
    cut: set[str] = set()
    lists = await asyncio.gather(*(reading.list(kind, found.name, ALL, cut) for kind, _ in _WORKLOADS))
    for (_, view), objects in zip(_WORKLOADS, lists, strict=True):
        found.workloads.update({each.key: each for each in each_understood(objects, view)})
        found.objects.update({(each.metadata.namespace, each.metadata.uid): each for each in objects})
        found.templates.update({(each.metadata.namespace, each.metadata.uid): each.spec.template for each in objects})
    found.has_more_workloads = bool(cut)


async def _read_selected(reading: Reading, found: Namespace, selector: str) -> None:
    found.selectors.add(selector)
    *lists, pods = await asyncio.gather(
        *(_read_holders(reading, found, kind, selector) for kind, _ in _HOLDERS),
        reading.list(LIVE_PODS, found.name, selector, found.cut),
    )
    found.pods.update({pod.metadata.uid: pod for pod in pods})
    for (kind, view), objects in zip(_HOLDERS, lists, strict=True):
        for start in range(0, len(objects), BETWEEN_PAUSES):
            part = objects[start : start + BETWEEN_PAUSES]
            _keep(found.holders, kind.kind.__name__, each_understood(part, view))
            await asyncio.sleep(0)


async def _read_holders(reading: Reading, found: Namespace, kind: WatchedKind[Any], selector: str) -> list[Any]:
    """Read what holds revisions; pods and workloads are worth telling without it."""
    try:
        return await reading.list(kind, found.name, selector, found.cut)
    except KubernetesError as error:
        if not is_refusal(error):
            raise
        found.refused.add(kind.kind.__name__)
        return []


def _keep(holders: RevisionHolders, kind: str, revisions: Iterable[Any]) -> None:
    for owned in revisions:
        if owned is not None:
            holders.keep(kind, owned)
