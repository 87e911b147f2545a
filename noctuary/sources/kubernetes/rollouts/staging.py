"""How far a changed template reaches: a partition, or an update on deletion only, leaves pods as they were."""

import msgspec

from noctuary.kube.objects import WorkloadObject

ON_DELETE = "OnDelete"
DELETED = "pods are replaced when they are deleted"


class Reach(msgspec.Struct, frozen=True):
    """How many pods run the wanted template or are going to, of how many, and what holds the others back."""

    pods: int
    of: int
    why: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.pods} of {self.of} {'pod' if self.of == 1 else 'pods'}; {self.why}"


def reach_of(obj: WorkloadObject) -> Reach | None:
    """Return how far the template of a StatefulSet or DaemonSet reaches; None where it reaches all pods."""
    strategy, status = obj.spec.update_strategy, obj.status
    if strategy is None:
        return None
    total = _total(obj)
    partition = strategy.rolling_update.partition if strategy.rolling_update is not None else 0
    reach = deleted_of(obj) or Reach(max(0, total - partition), total, f"partition={partition}")
    is_held = reach.pods < reach.of and status.current_revision != (status.update_revision or None)
    return reach if is_held else None


def deleted_of(obj: WorkloadObject) -> Reach | None:
    """Return how many pods run the template where they get it only when somebody deletes them, be it all; else None."""
    if obj.spec.update_strategy is None or obj.spec.update_strategy.type != ON_DELETE:
        return None
    return Reach(max(obj.status.updated_replicas, obj.status.updated_number_scheduled), _total(obj), DELETED)


def _total(obj: WorkloadObject) -> int:
    return obj.status.desired_number_scheduled if obj.spec.replicas is None else obj.spec.replicas
