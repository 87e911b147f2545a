"""Workloads and their revisions, held side by side: whichever changes last completes the picture of a rollout."""

import math
from collections.abc import Collection, Iterable

import msgspec

from noctuary.common import clock
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import WorkloadState, baseline, difference
from noctuary.sources.kubernetes.rollouts.holders import HELD_BY, HOLDER_KINDS, RevisionHolders
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision, WorkloadView
from noctuary.sources.kubernetes.writer import EventQueue
from noctuary.store.interface import Baseline, DropBaseline, Mutation, SaveBaseline

MARKER_UID = "first-start"
"""The baseline that is no workload's: its `seen_at` is when the very first start began. A namespace watched by itself
has one of its own, so that one watched later reports nothing when it is first seen."""


class RolloutTracker:
    """Reports each rollout once, when the workload and its new revision are both known; of one namespace or of all.

    No workload is compared before its kind, and what holds its revisions, were listed of the `awaited`: a kind that
    cannot be listed keeps none of the others waiting.
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
        self._unbegun = _unbegun(marker, awaited)
        self._kinds = {each.uid: each.kind for each in workloads}
        self.first_started_at = marker.seen_at if marker else math.floor(clock.now())  # as Events are dated
        self._views: dict[str, WorkloadView] = {}
        self._holders = RevisionHolders()
        self._awaited = set(awaited)

    def identify(self, uid: str) -> PodIdentity | None:
        """Return which service a workload or revision belongs to."""
        view = self._views.get(self._holders.owner(uid))
        return PodIdentity(view.ref, view.service_name, "") if view else None

    def workload_of(self, uid: str) -> tuple[str, str] | None:
        """Return kind and name of the workload that has this uid or owns the revision of it; None: not known."""
        view = self._views.get(self._holders.owner(uid))
        return (view.kind, view.name) if view else None

    def reset_workloads(self, kind: str, views: Iterable[WorkloadView]) -> None:
        """Replace all workloads of one kind by the complete list."""
        listed = {view.uid: view for view in views}
        self._views = {uid: view for uid, view in self._views.items() if view.is_foreign or view.kind != kind} | listed
        self._after_list(kind)

    def reset_revisions(self, kind: str, revisions: Iterable[OwnedRevision]) -> None:
        """Replace the revisions that one kind of object holds by the complete list."""
        self._holders.reset(kind, revisions)
        self._views = {uid: view for uid, view in self._views.items() if not view.is_foreign}
        self._views |= self._holders.foreign_owners()
        self._after_list(kind)

    def update_workload(self, view: WorkloadView) -> None:
        """Compare a workload that is new or changed."""
        self._views[view.uid] = view
        self._compare(view.uid, is_live=True)

    def remove_workload(self, uid: str) -> None:
        """Forget a workload that was deleted."""
        self._views.pop(uid, None)
        self._kinds.pop(uid, None)
        if self._known.pop(uid, None) is not None:
            self._queue.offer([], [DropBaseline(uid)], is_live=True)

    def update_revision(self, kind: str, owned: OwnedRevision) -> None:
        """Compare the workload of a revision that is new or changed."""
        self._holders.keep(kind, owned)
        if owned.owner is not None:
            self._views[owned.owner_uid] = owned.owner
        if owned.owner_uid in self._views:
            self._compare(owned.owner_uid, is_live=True)

    def remove_revision(self, uid: str) -> None:
        """Forget a revision that was deleted; a workload that only its revisions showed goes with the last one."""
        owner = self._holders.owner(uid)
        self._holders.remove(uid)
        view = self._views.get(owner)
        if view is not None and view.is_foreign and not self._holders.of(owner):
            self.remove_workload(owner)

    def _after_list(self, kind: str) -> None:
        self._awaited.discard(kind)
        for group in sorted(each for each in self._unbegun if not self._is_awaited(each)):
            self._begin(group)
        missing = self._known.keys() - self._views.keys()
        gone = [uid for uid in missing if self._is_listed(self._kinds[uid])]
        for uid in gone:
            del self._known[uid], self._kinds[uid]
        self._queue.offer([], [DropBaseline(uid) for uid in gone], is_live=False)
        for uid in self._views:
            self._compare(uid, is_live=False)

    def _group(self, view: WorkloadView) -> str:
        """Return the kind that is listed to see a workload: its own, or that of what its revisions show it by."""
        return self._holders.kind_of(view.uid) if view.is_foreign else view.kind

    def _is_awaited(self, group: str) -> bool:
        return not self._awaited.isdisjoint((group, HELD_BY.get(group, group)))

    def _is_listed(self, kind: str) -> bool:
        """Tell whether all workloads of a kind are known; those of a kind that is not read may be held by either."""
        return not self._is_awaited(kind) if kind in HELD_BY else self._awaited.isdisjoint(HOLDER_KINDS)

    def _begin(self, group: str) -> None:
        """Remember all of one kind as it is: the very first start reports nothing."""
        self._unbegun.discard(group)
        changes: list[Mutation] = []
        for uid, view in self._views.items():
            if self._group(view) != group:
                continue
            state = baseline(view, self._holders.of(uid), Clock(clock.now(), is_live=False))
            if state is not None:
                self._remember(view, state)
                changes.append(_save(view, state))
        # The marker comes last: a start that is interrupted before it is still the first.
        marker = Baseline(
            uid=self._marker_uid,
            kind="",
            namespace="",
            name="",
            template_hash="",
            state=msgspec.json.encode(sorted(self._unbegun)) if self._unbegun else b"",
            seen_at=self.first_started_at,
        )
        self._queue.offer([], [*changes, SaveBaseline(marker)], is_live=False)

    def _remember(self, view: WorkloadView, state: WorkloadState) -> None:
        self._known[view.uid] = state
        self._kinds[view.uid] = view.kind

    def _compare(self, uid: str, *, is_live: bool) -> None:
        view, known = self._views[uid], self._known.get(uid)
        if self._is_awaited(self._group(view)):
            return
        found = difference(view, self._holders.of(uid), known, Clock(clock.now(), is_live=is_live))
        if found is None or found.state == known:
            return
        self._remember(view, found.state)
        self._queue.offer(found.events, [_save(view, found.state)], is_live=is_live)


def _unbegun(marker: Baseline | None, awaited: Collection[str]) -> set[str]:
    """Return the kinds of which nothing was ever remembered; the marker names those that could not be listed."""
    if marker is None:
        return set(awaited)
    return set(msgspec.json.decode(marker.state, type=list[str])) & set(awaited) if marker.state else set()


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
