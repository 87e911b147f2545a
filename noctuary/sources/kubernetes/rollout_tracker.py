"""Workloads and their revisions, held side by side: whichever changes last completes the picture of a rollout."""

import math
from collections.abc import Iterable

import msgspec

from noctuary.common import clock
from noctuary.kube.objects import ReplicaSet, Workload, controller_of
from noctuary.kube.reflector import ChangeType
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.rollouts import WorkloadState, baseline, difference
from noctuary.sources.kubernetes.workloads import Revision, WorkloadView, view_replica_set, view_workload
from noctuary.sources.kubernetes.writer import Writer
from noctuary.store.interface import Baseline, DropBaseline, Mutation, SaveBaseline

KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
"""All of these must have been listed before anything is compared."""
MARKER_UID = "first-start"
"""The baseline that is no workload's: its `seen_at` is when the very first start began. A namespace watched by itself
has one of its own, so that one watched later tells of nothing when it is met."""


class RolloutTracker:
    """Tells of each rollout once, when the workload and its new revision are both known; of one namespace or of all."""

    def __init__(self, writer: Writer, baselines: list[Baseline], namespace: str = "") -> None:
        self._writer = writer
        workloads = _workloads(baselines, namespace)
        self._known = {each.uid: msgspec.json.decode(each.state, type=WorkloadState) for each in workloads}
        self._marker_uid = f"{MARKER_UID}/{namespace}" if namespace else MARKER_UID
        # A namespace that was known while the whole cluster was watched is not met for the first time.
        markers = {self._marker_uid, MARKER_UID} if workloads else {self._marker_uid}
        marker = next((each for each in baselines if each.uid in markers), None)
        self._is_first_start = marker is None
        self.first_started_at = marker.seen_at if marker else math.floor(clock.now())  # as Events are dated
        self._views: dict[str, WorkloadView] = {}
        self._revisions: dict[str, dict[str, Revision]] = {}
        self._owners: dict[str, str] = {}
        self._listed: set[str] = set()

    def identify(self, uid: str) -> PodIdentity | None:
        """Say who a workload or ReplicaSet is."""
        view = self._views.get(self._owners.get(uid, uid))
        return PodIdentity(view.ref, view.service_name, "") if view else None

    def replace_workloads(self, kind: str, objects: Iterable[Workload]) -> None:
        """Take the complete list of one kind."""
        views = {view.uid: view for view in map(view_workload, objects)}
        self._views = {uid: view for uid, view in self._views.items() if view.kind != kind} | views
        self._after_list(kind)

    def replace_replica_sets(self, objects: Iterable[ReplicaSet]) -> None:
        """Take the complete list of ReplicaSets."""
        self._revisions, self._owners = {}, {}
        for obj in objects:
            self._keep_revision(obj)
        self._after_list("ReplicaSet")

    def change_workload(self, change: ChangeType, obj: Workload) -> None:
        """Take one change of a workload."""
        uid = obj.metadata.uid
        if change != "DELETED":
            self._views[uid] = view_workload(obj)
            self._compare(uid, is_live=True)
            return
        self._views.pop(uid, None)
        if self._known.pop(uid, None) is not None:
            self._writer.offer([], [DropBaseline(uid)], is_live=True)

    def change_replica_set(self, change: ChangeType, obj: ReplicaSet) -> None:
        """Take one change of a ReplicaSet."""
        if change == "DELETED":
            owner = self._owners.pop(obj.metadata.uid, "")
            self._revisions.get(owner, {}).pop(obj.metadata.uid, None)
            return
        owner = self._keep_revision(obj)
        if owner in self._views:
            self._compare(owner, is_live=True)

    def _keep_revision(self, obj: ReplicaSet) -> str:
        revision, owner = view_replica_set(obj), controller_of(obj.metadata)
        if revision is None or owner is None:
            return ""
        self._owners[obj.metadata.uid] = owner.uid
        self._revisions.setdefault(owner.uid, {})[obj.metadata.uid] = revision
        return owner.uid

    def _after_list(self, kind: str) -> None:
        self._listed.add(kind)
        if self._listed < KINDS:
            return
        if self._is_first_start:
            self._begin()
        gone = self._known.keys() - self._views.keys()
        for uid in gone:
            del self._known[uid]
        self._writer.offer([], [DropBaseline(uid) for uid in gone], is_live=False)
        for uid in self._views:
            self._compare(uid, is_live=False)

    def _begin(self) -> None:
        """Remember everything as it is: the very first start tells of nothing."""
        self._is_first_start = False
        changes: list[Mutation] = []
        for uid, view in self._views.items():
            state = baseline(view, self._revisions.get(uid, {}).values())
            if state is not None:
                self._known[uid] = state
                changes.append(_save(view, state))
        # The marker comes last: a start that is interrupted before it is still the first.
        marker = Baseline(
            uid=self._marker_uid,
            kind="",
            namespace="",
            name="",
            template_hash="",
            state=b"",
            seen_at=self.first_started_at,
        )
        self._writer.offer([], [*changes, SaveBaseline(marker)], is_live=False)

    def _compare(self, uid: str, *, is_live: bool) -> None:
        if not self._listed >= KINDS:
            return
        view, known = self._views[uid], self._known.get(uid)
        found = difference(view, self._revisions.get(uid, {}).values(), known, clock.now())
        if found is None or found.state == known:
            return
        self._known[uid] = found.state
        self._writer.offer(found.events, [_save(view, found.state)], is_live=is_live)


def _workloads(baselines: list[Baseline], namespace: str) -> list[Baseline]:
    return [each for each in baselines if not each.uid.startswith(MARKER_UID) and namespace in ("", each.namespace)]


def _save(view: WorkloadView, state: WorkloadState) -> SaveBaseline:
    return SaveBaseline(
        Baseline(
            uid=view.uid,
            kind=view.kind,
            namespace=view.namespace,
            name=view.name,
            template_hash=state.revision.template_hash,
            state=msgspec.json.encode(state),
            seen_at=clock.now(),
        )
    )
