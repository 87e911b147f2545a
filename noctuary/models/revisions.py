"""The revisions that a workload can be rolled back to, as the cluster holds them at one moment."""

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Subject


class StoredRevision(msgspec.Struct, frozen=True):
    """One revision: the number that `--to-revision` takes, and what recognises its template."""

    number: int
    template_hash: str
    image: str = ""
    created_at: float = 0.0


class WorkloadRevisions(msgspec.Struct, frozen=True):
    """All revisions of one Deployment, StatefulSet or DaemonSet; `current` is the number of the one it wants."""

    subject: Subject
    current: int
    revisions: list[StoredRevision] = []
    tool: str = ""
    """What owns the workload, as `details.TOOL` has it; empty: not known."""
    tool_app: str = ""
    tool_namespace: str = ""
    rollouts: list[ContextEvent] = []
    """The rollouts of the last day that these objects tell of; not kept with the evidence."""
