"""How far a changed template reaches: a partition, or an update on deletion only, leaves pods as they were."""

import msgspec

from noctuary.kube.objects import WorkloadObject

ON_DELETE = "OnDelete"


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
    total = status.desired_number_scheduled if obj.spec.replicas is None else obj.spec.replicas
    partition = strategy.rolling_update.partition if strategy.rolling_update is not None else 0
    if strategy.type == ON_DELETE:
        updated = max(status.updated_replicas, status.updated_number_scheduled)
        reach = Reach(updated, total, "pods are replaced when they are deleted")
    else:
        reach = Reach(max(0, total - partition), total, f"partition={partition}")
    is_held = reach.pods < reach.of and status.current_revision != (status.update_revision or None)
    return reach if is_held else None
