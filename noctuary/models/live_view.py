"""What the cluster shows now of an incident's services, and who reads it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, ServiceView, Subject
from noctuary.models.node_view import NodeView
from noctuary.models.reaching.edges import Edge
from noctuary.models.revisions import WorkloadRevisions
from noctuary.models.routing_record import PrometheusAccess


class Thing(msgspec.Struct, frozen=True):
    """A workload that is in a namespace, or a pod of its own; `names` are all by which it may be meant."""

    subject: Subject
    labels: dict[str, str] = {}
    names: frozenset[str] = frozenset()
    pods: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    """Those that its pods are on."""
    owners: frozenset[str] = frozenset()
    """What owns its pods: its ReplicaSets, or the Jobs of a CronJob."""
    services: frozenset[str] = frozenset()
    """The Services that lead to it."""


class Surroundings(Protocol):
    """The namespaces of a look as they were read: what else is in them, and how that is, without reading them again."""

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that were read."""

    def things(self, namespaces: Iterable[str]) -> list[Thing]:
        """Return all that was read in some of the namespaces."""

    async def view(self, services: list[ServiceView]) -> "LiveView":
        """Return what the namespaces show of other services than were asked for."""


class LiveView(msgspec.Struct, frozen=True):
    """What the cluster shows now of some services: rollouts and faults as events, their pods, and what was not read."""

    events: list[ContextEvent] = []
    pods: list[PodView] = []
    gaps: list[str] = []
    """Each completes the sentence `Not looked at: …` of the note."""
    revisions: list[WorkloadRevisions] = []
    unread_services: list[str] = []
    """Services whose pods were not read."""
    nodes: list[NodeView] = []
    """The nodes that were asked for and answered, or are known to be gone."""
    around: tuple[Surroundings, ...] = ()
    """What else was read with it."""
    edges: list[Edge] = []
    """Who calls whom in the namespaces that were read."""


NodeReader = Callable[[list[str]], Awaitable[list[NodeView]]]
"""Reads nodes by name; one that could not be read is left out."""

LiveReader = Callable[[list[ServiceView]], Awaitable[LiveView | None]]
"""Reads services; None when nothing of them can be seen from here."""


RevisionReader = Callable[[Subject], Awaitable[WorkloadRevisions | None]]
"""Reads the revisions that one workload has now; None when they cannot be read, or for a kind that has none."""


class MetricsRequest(msgspec.Struct, frozen=True):
    """Whose metrics are asked for: the services, their pods as read live, and from when until when (seconds)."""

    services: list[ServiceView]
    pods: list[PodView]
    onset: float
    since: float
    now: float
    access: PrometheusAccess | None = None
    """Where they are; None: nowhere that this integration names."""


class MetricsView(msgspec.Struct, frozen=True):
    """What metrics show: signals that left their usual level, as events, and which workloads were measured at all."""

    events: list[ContextEvent] = []
    measured: list[Subject] = []
    gaps: list[str] = []


MetricsReader = Callable[[MetricsRequest], Awaitable[MetricsView]]
"""Reads metrics; what could not be read is a gap, never an error."""


class LogRequest(msgspec.Struct, frozen=True):
    """One container's log; `previous`: of the run before the present one."""

    namespace: str
    pod: str
    container: str
    previous: bool = False


LogReader = Callable[[LogRequest], Awaitable[list[str] | None]]
"""Reads the last lines that a container wrote; None where it has no such log. Raises KubernetesError."""

NOT_WATCHED = ("Secrets", "ClusterRoles", "ServiceAccounts")
"""What can break a service and is not watched: a change of it is in no note. Plural kinds, as a note lists them."""


Limits = Callable[[list[ServiceView]], list[str]]
"""Says what of services is never looked at here, and why."""


def no_limits(_services: list[ServiceView]) -> list[str]:
    """Return nothing: the whole cluster is looked at."""
    return []
