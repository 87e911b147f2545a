"""The revisions that a workload can be rolled back to, as the cluster holds them at one moment."""

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import WORKLOAD_KINDS, Subject

ARGO_ROLLOUT = "Rollout"
"""The kind of Argo Rollouts: all that is known of one is in the ReplicaSets that it makes, which it numbers."""
REVISED_KINDS = WORKLOAD_KINDS | {ARGO_ROLLOUT}
"""What is rolled back to a revision by its number."""


class StoredRevision(msgspec.Struct, frozen=True):
    """One revision: the number that `--to-revision` takes, and what recognises its template."""

    number: int
    template_hash: str
    image: str = ""
    created_at: float = 0.0
    content: str = ""
    """A digest of what its pods run, without labels and annotations: a restart keeps it. Empty: not known."""


class WorkloadRevisions(msgspec.Struct, frozen=True):
    """All revisions of one workload of `REVISED_KINDS`; `current` is the number of the one it wants."""

    subject: Subject
    current: int
    revisions: list[StoredRevision] = []
    tool: str = ""
    """What owns the workload, as `details.TOOL` has it; empty: not known."""
    tool_app: str = ""
    tool_namespace: str = ""
    on_delete: bool = False
    """Whether its pods get another template only when somebody deletes them."""
    replicas: int | None = None
    """How many pods it is to have; None: not known, or of a kind that is not told."""
    is_all_ready: bool = False
    """Whether it has just so many pods, all of them run what it wants, and all are ready."""
    runs_no_other: bool = False
    """Whether no pod of another template than the one that it wants is left."""
    is_paused: bool = False
    """Whether its rollouts are paused: an undo is refused until they are resumed."""
    is_gone: bool = False
    """Whether it does not exist any more."""
    memory_limits: dict[str, str] = {}
    """By container, the memory limit of the template that it wants; those without one are left out."""
    rollouts: list[ContextEvent] = []
    """The rollouts of the last day that these objects tell of; not kept with the evidence."""


MANAGERS: dict[str, frozenset[str]] = {
    "argocd": frozenset({"argocd-controller", "argocd-application-controller"}),
    "flux": frozenset({"kustomize-controller", "helm-controller"}),
}
"""The field managers under which tools that deliver by themselves write, by the words of `details.TOOL`.

The controller of Argo Rollouts delivers nothing."""
