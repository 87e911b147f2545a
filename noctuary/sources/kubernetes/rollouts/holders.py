"""The objects that hold revisions, ReplicaSets and ControllerRevisions, and whose they are."""

from collections.abc import Iterable

from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision, WorkloadView

HELD_BY = {"Deployment": "ReplicaSet", "StatefulSet": "ControllerRevision", "DaemonSet": "ControllerRevision"}
"""By kind of workload: what holds its revisions."""
HOLDER_KINDS = frozenset(HELD_BY.values())


class RevisionHolders:
    """Finds the revisions of a workload, and the workload of a revision, by uid."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._held: dict[str, OwnedRevision] = {}
        self._by_owner: dict[str, dict[str, Revision]] = {}

    def owner(self, uid: str) -> str:
        """Return the uid of the workload that owns an object; the same where it holds no revision."""
        owned = self._held.get(uid)
        return owned.owner_uid if owned is not None else uid

    def kind_of(self, owner_uid: str) -> str:
        """Return the kind of object that holds the revisions of a workload; an empty text where it has none."""
        return next((self._kinds[uid] for uid in self._by_owner.get(owner_uid, ())), "")

    def of(self, owner_uid: str) -> list[Revision]:
        """Return the revisions of a workload."""
        return list(self._by_owner.get(owner_uid, {}).values())

    def foreign_owners(self) -> dict[str, WorkloadView]:
        """Return what all revisions show of owners whose kinds are not read."""
        shown = [each for each in self._held.values() if each.owner is not None]
        newest_last = sorted(shown, key=lambda each: each.revision.order)
        return {each.owner_uid: each.owner for each in newest_last if each.owner is not None}

    def reset(self, kind: str, revisions: Iterable[OwnedRevision]) -> None:
        """Replace all that one kind of object holds."""
        for uid in [uid for uid, held_by in self._kinds.items() if held_by == kind]:
            self.remove(uid)
        for owned in revisions:
            self.keep(kind, owned)

    def keep(self, kind: str, owned: OwnedRevision) -> None:
        """Add or replace one."""
        self._kinds[owned.uid] = kind
        self._held[owned.uid] = owned
        self._by_owner.setdefault(owned.owner_uid, {})[owned.uid] = owned.revision

    def remove(self, uid: str) -> None:
        """Forget one."""
        self._kinds.pop(uid, None)
        owned = self._held.pop(uid, None)
        if owned is None:
            return
        left = self._by_owner.get(owned.owner_uid, {})
        left.pop(uid, None)
        if not left:
            self._by_owner.pop(owned.owner_uid, None)
