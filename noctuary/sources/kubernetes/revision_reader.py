"""The revisions of one workload, read anew before a command names one of them: an undo gives them other numbers."""

from collections.abc import Collection
from typing import Any

import msgspec

from noctuary.common.clock import now as wall_clock
from noctuary.common.errors import KubernetesUnavailable
from noctuary.kube.client import KubeClient
from noctuary.kube.listing import list_objects
from noctuary.kube.objects import Struct
from noctuary.kube.odd import ODD, each_understood
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Subject
from noctuary.models.live_view import RevisionReader
from noctuary.models.revisions import ARGO_ROLLOUT, WorkloadRevisions
from noctuary.sources.kubernetes.draft import clamp
from noctuary.sources.kubernetes.kinds.controller_revisions import CONTROLLER_REVISIONS, view_controller_revision
from noctuary.sources.kubernetes.kinds.daemon_sets import DAEMON_SETS, view_daemon_set
from noctuary.sources.kubernetes.kinds.deployments import DEPLOYMENTS, view_deployment
from noctuary.sources.kubernetes.kinds.replica_sets import REPLICA_SETS, view_replica_set
from noctuary.sources.kubernetes.kinds.stateful_sets import STATEFUL_SETS, view_stateful_set
from noctuary.sources.kubernetes.live import MAX_ROLLOUT_AGE_S, stored_revisions
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import recent_rollouts
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView

MAX_REVISIONS = 200
"""Objects that are read of one selector; a Deployment keeps ten ReplicaSets unless it is told otherwise."""
MAX_REPLICA_SETS = 1000
"""ReplicaSets of a namespace that are searched for those of one Argo Rollout."""
_OPERATORS = {"In": "in", "NotIn": "notin"}
_KINDS: dict[str, tuple[Any, Any, Any, Any]] = {
    "Deployment": (DEPLOYMENTS, view_deployment, REPLICA_SETS, view_replica_set),
    "StatefulSet": (STATEFUL_SETS, view_stateful_set, CONTROLLER_REVISIONS, view_controller_revision),
    "DaemonSet": (DAEMON_SETS, view_daemon_set, CONTROLLER_REVISIONS, view_controller_revision),
}
"""By kind: the workloads, and the objects that hold their revisions."""


class Requirement(Struct):
    """One expression of a label selector."""

    key: str
    operator: str
    values: list[str] = msgspec.field(default_factory=list)

    def query(self) -> str:
        """Return it as queries spell it."""
        if self.operator in _OPERATORS:
            return f"{self.key} {_OPERATORS[self.operator]} ({','.join(self.values)})"
        return self.key if self.operator == "Exists" else f"!{self.key}"


class LabelSelector(Struct):
    """Which pods are a workload's."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: list[Requirement] = msgspec.field(default_factory=list)

    def __str__(self) -> str:
        """Return it as queries spell it."""
        return ",".join(
            [
                *(f"{name}={value}" for name, value in self.match_labels.items()),
                *(each.query() for each in self.match_expressions),
            ]
        )


class _SelectingSpec(Struct):
    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)


class _Selecting(Struct):
    spec: _SelectingSpec = msgspec.field(default_factory=_SelectingSpec)


def make_revision_reader(kube: KubeClient, watched: Collection[str] = ()) -> RevisionReader:
    """Return what reads the revisions of one workload; with `watched` it asks in these namespaces only."""

    async def read(subject: Subject) -> WorkloadRevisions | None:
        """Read them now, in two small requests; raises KubernetesError. None for a kind that has none."""
        if watched and subject.namespace not in watched:
            return None
        if subject.kind == ARGO_ROLLOUT:
            return await _read_argo_rollout(kube, subject)
        return await _read(kube, subject) if subject.kind in _KINDS else None

    return read


async def _read(kube: KubeClient, subject: Subject) -> WorkloadRevisions | None:
    workloads, view_one, holders, view_holder = _KINDS[subject.kind]
    named = await list_objects(
        kube,
        workloads.path(subject.namespace),
        msgspec.Raw,
        selectors={"fieldSelector": f"metadata.name={subject.name}"},
        max_objects=1,
    )
    if not named.objects:
        return WorkloadRevisions(subject, 0, is_gone=True)
    try:
        view = view_one(msgspec.json.decode(named.objects[0], type=workloads.kind))
        selector = str(msgspec.json.decode(named.objects[0], type=_Selecting).spec.selector)
    except ODD as error:
        raise KubernetesUnavailable(0, "BrokenAnswer", "an answer is not what its kind promises") from error
    held = await list_objects(
        kube,
        holders.path(subject.namespace),
        holders.kind,
        selectors={"labelSelector": selector},
        max_objects=MAX_REVISIONS,
    )
    owned = (each for each in each_understood(held.objects, view_holder) if each is not None)
    revisions = [each.revision for each in owned if each.owner_key == view.key]
    return _told(view, revisions)


async def _read_argo_rollout(kube: KubeClient, subject: Subject) -> WorkloadRevisions | None:
    """Read what an Argo Rollout has made: its own kind is not read, so nothing selects only these."""
    held = await list_objects(
        kube, REPLICA_SETS.path(subject.namespace), REPLICA_SETS.kind, max_objects=MAX_REPLICA_SETS
    )
    views = [each for each in each_understood(held.objects, view_replica_set) if each is not None]
    of = (subject.kind, subject.name)
    own = [(each, each.owner) for each in views if each.owner is not None and (each.owner.kind, each.owner.name) == of]
    if not own or held.is_partial:
        return None
    return _told(own[-1][1], [each.revision for each, owner in own if owner.key == own[-1][1].key])


def _told(view: WorkloadView, revisions: list[Revision]) -> WorkloadRevisions | None:
    rollouts = _rollouts(view, revisions, wall_clock())
    return next((msgspec.structs.replace(each, rollouts=rollouts) for each in stored_revisions(view, revisions)), None)


def _rollouts(view: WorkloadView, revisions: list[Revision], now: float) -> list[ContextEvent]:
    """Tell the rollouts as the live view does: a rollback is seen though its event has not come, or has expired."""
    found = recent_rollouts(view, revisions, now - MAX_ROLLOUT_AGE_S, Clock(now, is_live=False))
    return [clamp(event, now) for event in found]
