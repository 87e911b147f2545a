"""The live view: the rollouts, pods, faults and revisions of services, as their namespaces and nodes show them now."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

import msgspec

from noctuary.common.errors import KubernetesError, KubernetesUnavailable
from noctuary.kube.client import KubeClient
from noctuary.kube.odd import leaving_out
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import JOB_KINDS, WORKLOAD_KINDS, PodView, Subject
from noctuary.models.live_view import LiveView
from noctuary.models.node_view import NodeView
from noctuary.models.revisions import REVISED_KINDS, StoredRevision, WorkloadRevisions
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.draft import clamp
from noctuary.sources.kubernetes.fault_words import ONGOING_REASONS
from noctuary.sources.kubernetes.kinds.nodes import NODES, Node, node_faults, view_node
from noctuary.sources.kubernetes.kinds.pods import is_ready, pod_faults
from noctuary.sources.kubernetes.live_namespace import Member, Namespace, is_wanted
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import recent_rollouts
from noctuary.sources.kubernetes.rollouts.holders import HELD_BY
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.specs.config_maps import describe_live
from noctuary.sources.kubernetes.stopped import stopped_events

MAX_NODES = 20
"""Nodes that are read: those of unready pods first."""
MAX_KINDS = 3
"""Kinds that are named as unseen."""
TOLD_KINDS = WORKLOAD_KINDS | JOB_KINDS | {"ReplicaSet", "Pod"}
"""Kinds whose rollouts are seen, or that have none."""
MAX_ROLLOUT_AGE_S = 24 * 3600.0
"""Rollouts older than this are no events any more; no lookback is longer."""


def view_namespace(found: Namespace, services: ServiceIndex, members: list[Member], now: float) -> LiveView:
    """Return what a namespace shows of the services that are in it; `members` are their pods there."""
    events: list[ContextEvent] = []
    pods: list[PodView] = []
    revisions: list[WorkloadRevisions] = []
    gaps: list[str] = []
    for view in found.workloads.values():
        with leaving_out(view.ref):
            if not is_wanted(found, view, services):
                continue
            events += stopped_events(view, now)
            if (holder := HELD_BY.get(view.kind)) in found.refused:
                gaps.append(f"rollouts of {view.kind}s, because the API server refuses to show {holder}s")
                continue
            held = found.holders.of(view.key)
            events += recent_rollouts(view, held, now - MAX_ROLLOUT_AGE_S, Clock(now, is_live=False))
            revisions += stored_revisions(view, held)
    for pod, identity, _ in members:
        with leaving_out(identity.ref):
            pods.append(describe_live(pod, identity))
            events += [_as_of(now, fault) for fault in pod_faults(pod, identity)]
    return LiveView([clamp(event, now) for event in events], pods, [*gaps, *_unseen_rollouts(pods)], revisions)


def _unseen_rollouts(pods: list[PodView]) -> list[str]:
    """Return of which kinds no rollout can be seen: what makes pods itself marks no template on them."""
    kinds = {pod.workload_kind for pod in pods if not pod.template_hash} - TOLD_KINDS - {""}
    return [f"rollouts of kind {kind}, which its pods do not tell" for kind in sorted(kinds)[:MAX_KINDS]]


def view_nodes(nodes: Mapping[str, Node | None], now: float) -> LiveView:
    """Return what is wrong with nodes, and how each is; None: it is gone."""
    there = [node for node in nodes.values() if node is not None]
    events = [clamp(_as_of(now, event), now) for node in there for event in node_faults(node)]
    views = [NodeView(name, is_gone=True) if node is None else view_node(node) for name, node in nodes.items()]
    return LiveView(events, nodes=views)


def join_views(views: Iterable[LiveView]) -> LiveView:
    """Return all views as one."""
    views = list(views)
    return LiveView(
        events=[event for view in views for event in view.events],
        pods=[pod for view in views for pod in view.pods],
        gaps=list(dict.fromkeys(gap for view in views for gap in view.gaps)),
        revisions=[each for view in views for each in view.revisions],
        unread_services=[name for view in views for name in view.unread_services],
        nodes=[node for view in views for node in view.nodes],
        around=tuple(each for view in views for each in view.around),
        edges=[edge for view in views for edge in view.edges],
    )


def stored_revisions(view: WorkloadView, revisions: list[Revision]) -> Iterator[WorkloadRevisions]:
    """Yield the revisions that a workload can be rolled back to; none for a kind that has no such command."""
    if view.kind not in REVISED_KINDS:
        return
    current = view.wanted.find(revisions)
    held = sorted((each for each in revisions if each.number > 0), key=lambda each: each.number)
    yield WorkloadRevisions(
        Subject(view.kind, view.namespace, view.name),
        current.number if current is not None else 0,
        [_stored(each) for each in held],
        view.tool.name,
        view.tool.app,
        view.tool.namespace,
        view.deleted is not None,
        view.replicas,
        view.is_all_ready,
        view.runs_no_other,
        view.is_paused,
        memory_limits=dict(current.summary().memory_limits()) if current is not None else {},
    )


def _stored(revision: Revision) -> StoredRevision:
    summary = revision.summary()
    return StoredRevision(
        revision.number, revision.template_hash, summary.image(), revision.created_at, summary.content()
    )


def _as_of(now: float, event: ContextEvent) -> ContextEvent:
    """Date a state that holds at this moment: its own time only says when it began."""
    is_node = event.object is not None and event.object.kind == "Node"
    if not is_node and event.details.get(details.REASON) not in ONGOING_REASONS:
        return event
    return msgspec.structs.replace(event, last_seen=max(event.last_seen, now))


def nodes_of(members: Iterable[Member]) -> list[str]:
    """Return the nodes of pods: service by service, those of unready pods first."""
    ordered = sorted(members, key=lambda member: (member.rank, is_ready(member.pod)))
    return list(dict.fromkeys(each.pod.spec.node_name for each in ordered if each.pod.spec.node_name))


async def read_nodes(kube: KubeClient, names: list[str]) -> dict[str, Node | None]:
    """Read nodes by name; None of one that is gone."""
    found = await asyncio.gather(*(_read_node(kube, name) for name in names))
    return dict(zip(names, found, strict=True))


async def _read_node(kube: KubeClient, name: str) -> Node | None:
    try:
        answer = await kube.get(f"{NODES.path('')}/{quote(name)}", query={"resourceVersion": "0"})
    except KubernetesError as error:
        if error.not_found:  # a node that is gone takes its pods along soon
            return None
        raise
    try:
        return msgspec.json.decode(answer, type=Node)
    except msgspec.DecodeError as error:
        raise KubernetesUnavailable(0, "BrokenAnswer", "an answer is not what its kind promises") from error
