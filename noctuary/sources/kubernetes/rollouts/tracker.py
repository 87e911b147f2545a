"""Workloads and their revisions, held side by side: whichever changes last completes the picture of a rollout."""

import math
from collections.abc import Collection, Iterable

import msgspec

from noctuary.common import clock
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.rollouts.differences import WorkloadState, baseline, difference
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision, Revision, WorkloadView
from noctuary.sources.kubernetes.writer import EventQueue
from noctuary.store.interface import Baseline, DropBaseline, Mutation, SaveBaseline

MARKER_UID = "first-start"
"""The baseline that is no workload's: its `seen_at` is when the very first start began. A namespace watched by itself
has one of its own, so that one watched later reports nothing when it is first seen."""


class RolloutTracker:
    """Reports each rollout once, when the workload and its new revision are both known; of one namespace or of all.

    Nothing is compared before all objects of the `awaited` kinds were listed.
    """

    def __init__(
        self, queue: EventQueue, baselines: list[Baseline], awaited: Collection[str], namespace: str = ""
    ) -> None:
        self._queue = queue
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
        self._awaited = set(awaited)

    def identify(self, uid: str) -> PodIdentity | None:
        """Return which service a workload or ReplicaSet belongs to."""
        view = self._views.get(self._owners.get(uid, uid))
        return PodIdentity(view.ref, view.service_name, "") if view else None

    def reset_workloads(self, kind: str, views: Iterable[WorkloadView]) -> None:
        """Replace all workloads of one kind by the complete list."""
        listed = {view.uid: view for view in views}
        self._views = {uid: view for uid, view in self._views.items() if view.kind != kind} | listed
        self._after_list(kind)

    def reset_revisions(self, kind: str, revisions: Iterable[OwnedRevision]) -> None:
        """Replace all revisions by the complete list of the objects that hold them."""
        self._revisions, self._owners = {}, {}
        for each in revisions:
            self._keep_revision(each)
        self._after_list(kind)

    def update_workload(self, view: WorkloadView) -> None:
        """Compare a workload that is new or changed."""
        self._views[view.uid] = view
        self._compare(view.uid, is_live=True)

    def remove_workload(self, uid: str) -> None:
        """Forget a workload that was deleted."""
        self._views.pop(uid, None)
        if self._known.pop(uid, None) is not None:
            self._queue.offer([], [DropBaseline(uid)], is_live=True)

    def update_revision(self, owned: OwnedRevision) -> None:
        """Compare the workload of a revision that is new or changed."""
        self._keep_revision(owned)
        if owned.owner_uid in self._views:
            self._compare(owned.owner_uid, is_live=True)

    def remove_revision(self, uid: str) -> None:
        """Forget a revision that was deleted."""
        owner = self._owners.pop(uid, "")
        self._revisions.get(owner, {}).pop(uid, None)

    def _keep_revision(self, owned: OwnedRevision) -> None:
        self._owners[owned.uid] = owned.owner_uid
        self._revisions.setdefault(owned.owner_uid, {})[owned.uid] = owned.revision

    def _after_list(self, kind: str) -> None:
        self._awaited.discard(kind)
        if self._awaited:
            return
        if self._is_first_start:
            self._begin()
        gone = self._known.keys() - self._views.keys()
        for uid in gone:
            del self._known[uid]
        self._queue.offer([], [DropBaseline(uid) for uid in gone], is_live=False)
        for uid in self._views:
            self._compare(uid, is_live=False)

    def _begin(self) -> None:
        """Remember everything as it is: the very first start reports nothing."""
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
        self._queue.offer([], [*changes, SaveBaseline(marker)], is_live=False)

    def _compare(self, uid: str, *, is_live: bool) -> None:
        if self._awaited:
            return
        view, known = self._views[uid], self._known.get(uid)
        found = difference(view, self._revisions.get(uid, {}).values(), known, clock.now())
        if found is None or found.state == known:
            return
        self._known[uid] = found.state
        self._queue.offer(found.events, [_save(view, found.state)], is_live=is_live)


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
