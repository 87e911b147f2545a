"""Workloads and their revisions, held side by side: whichever changes last completes the picture of a rollout."""

import math
from collections.abc import Collection, Iterable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.kube.odd import leaving_out
from noctuary.sources.kubernetes.changes.states import is_of_objects
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.rollouts.dating import Clock
from noctuary.sources.kubernetes.rollouts.differences import WorkloadState, baseline, difference
from noctuary.sources.kubernetes.rollouts.holders import HELD_BY, HOLDER_KINDS, RevisionHolders
from noctuary.sources.kubernetes.rollouts.predecessors import Predecessors
from noctuary.sources.kubernetes.rollouts.told import deletion
from noctuary.sources.kubernetes.rollouts.workloads import Key, OwnedRevision, WorkloadView
from noctuary.sources.kubernetes.writer import EventQueue
from noctuary.store.changes import DropBaseline, Mutation, SaveBaseline
from noctuary.store.rows import Baseline

log = structlog.get_logger()

MARKER_UID = "first-start"
"""The baseline that is no workload's: its `seen_at` is when the very first start began. A namespace watched by itself
has one of its own, so that one watched later reports nothing when it is first seen."""
FOREIGN_UID = "foreign"
"""What the stored uids begin with of workloads that only their revisions show."""


class RolloutTracker:
    """Reports each rollout once, when the workload and its new revision are both known; of one namespace or of all.

    No workload is compared before its kind, and what holds its revisions, were listed of the `awaited`: a kind that
    cannot be listed keeps none of the others waiting.
    """

    def __init__(
        self, queue: EventQueue, baselines: list[Baseline], awaited: Collection[str], namespace: str = ""
    ) -> None:
        self._queue = queue
        workloads = [each for each in _workloads(baselines, namespace) if _is_readable(each)]
        self._known = {_key_of(each): msgspec.json.decode(each.state, type=WorkloadState) for each in workloads}
        self._stored = {_key_of(each): each.uid for each in workloads}
        self._marker_uid = f"{MARKER_UID}/{namespace}" if namespace else MARKER_UID
        # A namespace that was known while the whole cluster was watched is not met for the first time.
        markers = {self._marker_uid, MARKER_UID} if workloads else {self._marker_uid}
        marker = next((each for each in baselines if each.uid in markers), None)
        self._unbegun = _unbegun(marker, workloads, awaited)
        self._places = {_key_of(each): (each.kind, each.namespace, each.name) for each in workloads}
        self._predecessors = Predecessors()
        self.first_started_at: float = marker.seen_at if marker else math.floor(clock.now())  # as Events are dated
        self._views: dict[Key, WorkloadView] = {}
        self._holders = RevisionHolders()
        self._awaited = set(awaited)

    def identify(self, key: Key) -> PodIdentity | None:
        """Return which service a workload or revision of a namespace belongs to."""
        view = self._views.get(self._holders.owner(key))
        return PodIdentity(view.ref, view.service_name, "") if view else None

    def reset_workloads(self, kind: str, views: Iterable[WorkloadView]) -> None:
        """Replace all workloads of one kind by the complete list."""
        listed = {view.key: view for view in views}
        self._views = {key: view for key, view in self._views.items() if view.is_foreign or view.kind != kind} | listed
        self._after_list(kind)

    def reset_revisions(self, kind: str, revisions: Iterable[OwnedRevision]) -> None:
        """Replace the revisions that one kind of object holds by the complete list."""
        self._holders.reset(kind, revisions)
        read = {key: view for key, view in self._views.items() if not view.is_foreign}
        self._views = self._holders.foreign_owners() | read
        self._after_list(kind)

    def update_workload(self, view: WorkloadView) -> None:
        """Compare a workload that is new or changed."""
        self._views[view.key] = view
        self._compare(view, is_live=True)

    def delete_workload(self, key: Key, asked_at: float) -> None:
        """Report and forget a workload whose deletion was seen; it is gone later than that was asked for."""
        view, known = self._views.get(key), self._known.get(key)
        at = min(asked_at or clock.now(), clock.now())
        if view is not None and known is not None and (replicas := known.replicas_until(at)):
            self._queue.offer([deletion(view, replicas, at)], [], is_live=True)
        self._remove(key)

    def _remove(self, key: Key) -> None:
        self._views.pop(key, None)
        self._drop([key] if key in self._known else [], is_live=True)

    def update_revision(self, kind: str, owned: OwnedRevision) -> None:
        """Compare the workload of a revision that is new or changed."""
        before = self._holders.owner(owned.key)
        self._holders.keep(kind, owned)
        if before != owned.owner_key:
            self._remove_unheld(before)
        view = self._views.get(owned.owner_key)
        if owned.owner is not None and (view is None or view.is_foreign):  # what is read itself is known better
            view = self._views[owned.owner_key] = owned.owner
        if view is not None:
            self._compare(view, is_live=True)

    def remove_revision(self, key: Key) -> None:
        """Forget a revision that was deleted; a workload that only its revisions showed goes with the last one."""
        owner = self._holders.owner(key)
        self._holders.remove(key)
        self._remove_unheld(owner)

    def _remove_unheld(self, owner: Key) -> None:
        view = self._views.get(owner)
        if view is not None and view.is_foreign and not self._holders.of(owner):
            self._remove(owner)

    def _after_list(self, kind: str) -> None:
        self._awaited.discard(kind)
        begun = {each for each in self._unbegun if not self._is_awaited(each)}
        for group in sorted(begun):
            self._begin(group)
        missing = self._known.keys() - self._views.keys()
        self._drop([key for key in missing if self._is_listed(self._places[key][0])], is_live=False)
        for view in self._views.values():
            if self._is_of(view, kind) and self._group(view) not in begun:
                with leaving_out(view.ref):
                    self._compare(view, is_live=False)

    def _drop(self, gone: list[Key], *, is_live: bool) -> None:
        for key in gone:
            self._predecessors.keep(self._places.pop(key), self._known.pop(key), clock.now())
        self._queue.offer([], [DropBaseline(self._stored.pop(key)) for key in gone], is_live=is_live)

    def _group(self, view: WorkloadView) -> str:
        """Return the kind that is listed to see a workload: its own, or that of what its revisions show it by."""
        return self._holders.kind_of(view.key) if view.is_foreign else view.kind

    def _is_of(self, view: WorkloadView, kind: str) -> bool:
        """Tell whether a list of a kind shows something of a workload: itself, or what holds its revisions."""
        if view.is_foreign:
            return self._holders.are_of_kind(view.key, kind)
        return kind in (view.kind, HELD_BY.get(view.kind))

    def _is_awaited(self, group: str) -> bool:
        return not self._awaited.isdisjoint((group, HELD_BY.get(group, group)))

    def _is_listed(self, kind: str) -> bool:
        """Tell whether all workloads of a kind are known; those of a kind that is not read may be held by either."""
        return not self._is_awaited(kind) if kind in HELD_BY else self._awaited.isdisjoint(HOLDER_KINDS)

    def _begin(self, group: str) -> None:
        """Remember all of one kind as it is: the very first start reports nothing."""
        self._unbegun.discard(group)
        changes: list[Mutation] = []
        for key, view in self._views.items():
            if self._group(view) != group:
                continue
            with leaving_out(view.ref):
                state = baseline(view, self._holders.of(key), Clock(clock.now(), is_live=False))
                if state is not None:
                    changes.append(self._keep(view, state))
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

    def _compare(self, view: WorkloadView, *, is_live: bool) -> None:
        if self._is_awaited(self._group(view)):
            return
        known = self._known.get(view.key)
        before = self._predecessors.of(view.place, clock.now()) if known is None else None
        found = difference(view, self._holders.of(view.key), known, Clock(clock.now(), is_live=is_live), before)
        if found is None or found.state == known:
            return
        self._queue.offer(found.events, [self._keep(view, found.state)], is_live=is_live)

    def _keep(self, view: WorkloadView, state: WorkloadState) -> SaveBaseline:
        """Remember the state of a workload, and return what stores it."""
        self._known[view.key] = state
        self._stored[view.key], self._places[view.key] = stored_as(view), view.place
        self._predecessors.forget(view.place)
        return _save(view, state)


def _unbegun(marker: Baseline | None, workloads: list[Baseline], awaited: Collection[str]) -> set[str]:
    """Return the kinds of which nothing was ever remembered; the marker names those that could not be listed.

    Where it cannot be read, it is those of which no workload is remembered: none of theirs is told as new.
    """
    if marker is None:
        return set(awaited)
    try:
        return set(msgspec.json.decode(marker.state, type=list[str])) & set(awaited) if marker.state else set()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        log.warning("Damaged first start read anew", marker=marker.uid)
    has_foreign = any(each.uid.startswith(f"{FOREIGN_UID}/") for each in workloads)
    return set(awaited) - {each.kind for each in workloads} - (HOLDER_KINDS if has_foreign else set())


def _is_readable(known: Baseline) -> bool:
    """Tell whether what was kept of a workload can be read; where not, it is seen as for the first time."""
    try:
        msgspec.json.decode(known.state, type=WorkloadState)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        log.warning("Damaged baseline left out", namespace=known.namespace, workload=known.name)
        return False
    return True


def _workloads(baselines: list[Baseline], namespace: str) -> list[Baseline]:
    own = (each for each in baselines if not each.uid.startswith(MARKER_UID) and not is_of_objects(each))
    return [each for each in own if namespace in ("", each.namespace)]


def stored_as(view: WorkloadView) -> str:
    """Return under which uid a workload is stored: only of what is read itself is the uid known to be its own."""
    return f"{FOREIGN_UID}/{view.namespace}/{view.uid}" if view.is_foreign else view.uid


def _key_of(stored: Baseline) -> Key:
    return stored.namespace, stored.uid.removeprefix(f"{FOREIGN_UID}/{stored.namespace}/")


def _save(view: WorkloadView, state: WorkloadState) -> SaveBaseline:
    return SaveBaseline(
        Baseline(
            uid=stored_as(view),
            kind=view.kind,
            namespace=view.namespace,
            name=view.name,
            template_hash=state.revision.template_hash,
            state=msgspec.json.encode(state),
            seen_at=clock.now(),
        )
    )
