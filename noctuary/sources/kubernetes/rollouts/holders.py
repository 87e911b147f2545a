"""The objects that hold revisions, ReplicaSets and ControllerRevisions, and whose they are."""

from collections.abc import Iterable
from heapq import nlargest

from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.workloads import Key, OwnedRevision, WorkloadView

MAX_REVISIONS = 200
"""Of one workload that are compared, the newest; controllers keep ten unless they are told otherwise."""

HELD_BY = {"Deployment": "ReplicaSet", "StatefulSet": "ControllerRevision", "DaemonSet": "ControllerRevision"}
"""By kind of workload: what holds its revisions."""
HOLDER_KINDS = frozenset(HELD_BY.values())


class RevisionHolders:
    """Finds the revisions of a workload, and the workload of a revision, by namespace and uid."""

    def __init__(self) -> None:
        self._kinds: dict[Key, str] = {}
        self._held: dict[Key, OwnedRevision] = {}
        self._by_owner: dict[Key, dict[Key, Revision]] = {}

    def owner(self, key: Key) -> Key:
        """Return the key of the workload that owns an object; the same where it holds no revision."""
        owned = self._held.get(key)
        return owned.owner_key if owned is not None else key

    def kind_of(self, owner: Key) -> str:
        """Return the kind of object that holds the revisions of a workload; an empty text where it has none."""
        return next((self._kinds[key] for key in self._by_owner.get(owner, ())), "")

    def are_of_kind(self, owner: Key, kind: str) -> bool:
        """Return whether any object of a kind holds revisions of a workload."""
        return any(self._kinds[key] == kind for key in self._by_owner.get(owner, ()))

    def of(self, owner: Key) -> list[Revision]:
        """Return the revisions of a workload, the newest ones where somebody made more than controllers keep."""
        held = self._by_owner.get(owner, {}).values()
        return list(held) if len(held) <= MAX_REVISIONS else nlargest(MAX_REVISIONS, held, key=lambda each: each.order)

    def foreign_owners(self) -> dict[Key, WorkloadView]:
        """Return what all revisions show of owners whose kinds are not read."""
        shown = [each for each in self._held.values() if each.owner is not None]
        newest_last = sorted(shown, key=lambda each: each.revision.order)
        return {each.owner_key: each.owner for each in newest_last if each.owner is not None}

    def reset(self, kind: str, revisions: Iterable[OwnedRevision]) -> None:
        """Replace all that one kind of object holds."""
        for key in [key for key, held_by in self._kinds.items() if held_by == kind]:
            self.remove(key)
        for owned in revisions:
            self.keep(kind, owned)

    def keep(self, kind: str, owned: OwnedRevision) -> None:
        """Add or replace one."""
        self.remove(owned.key)
        self._kinds[owned.key] = kind
        self._held[owned.key] = owned
        self._by_owner.setdefault(owned.owner_key, {})[owned.key] = owned.revision

    def remove(self, key: Key) -> None:
        """Forget one."""
        self._kinds.pop(key, None)
        owned = self._held.pop(key, None)
        if owned is None:
            return
        left = self._by_owner.get(owned.owner_key, {})
        left.pop(key, None)
        if not left:
            self._by_owner.pop(owned.owner_key, None)
