"""The frozen evidence of an incident: what was diagnosed, what the alerts said, what could not be read."""

import msgspec

from noctuary.models.diagnosis import Change, Diagnosis, ServiceView, Subject
from noctuary.models.node_view import NodeView
from noctuary.models.revisions import WorkloadRevisions


class AlertTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """The names in one alert's labels; each is a name that Kubernetes accepts, or empty.

    Anybody who can raise an alert chooses them: they choose among what an integration may see, and open nothing.
    """

    namespace: str = ""
    deployment: str = ""
    statefulset: str = ""
    daemonset: str = ""
    cronjob: str = ""
    job: str = ""
    workload: str = ""
    """A workload of whatever kind."""
    pod: str = ""
    service: str = ""
    """A Service, or what the sender calls the application."""
    node: str = ""
    container: str = ""

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Return kind and name of what is named, the surest first; the kind is empty for any workload."""
        told = (
            ("Deployment", self.deployment),
            ("StatefulSet", self.statefulset),
            ("DaemonSet", self.daemonset),
            ("CronJob", self.cronjob),
            ("Job", self.job),
            ("", self.workload),
            ("Pod", self.pod),
            ("Service", self.service),
            ("Node", self.node),
        )
        return [(kind, name) for kind, name in told if name]

    @property
    def is_empty(self) -> bool:
        """Tell whether it names nothing that could be looked for."""
        return not self.namespace and not self.kinds


class AlertSummary(msgspec.Struct, frozen=True):
    """What the alerts tell: how many, when the first one opened, and when its rule began to hold."""

    count: int = 0
    summary: str = ""
    opened_at: float | None = None
    began_at: float | None = None
    opened_before: float | None = None
    """When the first one opened, where none opened since the incident was reopened."""
    targets: list[AlertTarget] = []
    """What their labels name."""


class Clearing(msgspec.Struct, frozen=True):
    """What was seen when the incident was resolved: a rollback since the alert; pods as read live, None: not read."""

    rollback: Change | None = None
    pods_ready: int | None = None
    pods_total: int | None = None
    were_ready: bool = False
    """Whether all these pods are ready since before the alert, and none that failed is gone: they cleared nothing."""


class Standing(msgspec.Struct, frozen=True):
    """What holds when a note is written or edited: a rollback that was seen, and the revisions that exist.

    `revisions` None: they were not read this time, so no number is known to exist.
    """

    rollback: Change | None = None
    revisions: list[WorkloadRevisions] | None = None
    undone: Change | None = None
    """The change that set the value of before again, where the blamed change is no rollout (a scaling, a flag)."""
    broken_pods: list[Subject] | None = None
    """Pods of the causes' faults that are not ready now; None: pods were not read this time."""
    undoings: dict[str, Change] = {}
    """What took back which change that is named as a cause, by the change's event; `rollback` and `undone` are of the
    first cause only."""
    nodes: list[NodeView] = []
    """The blamed nodes as they are now; those that were not read are left out."""
    gone_pods: list[Subject] = []
    """Pods of the causes' faults that do not exist any more, as far as pods were read this time."""
    closed: list[str] = []
    """What of the diagnosis nobody may look at any more, and why: of it stays what was told before."""


class Evidence(msgspec.Struct, frozen=True):
    """What a note is rendered from, again and again.

    `gaps` say what could not be read this time, `limits` what is never looked at here.
    """

    diagnosis: Diagnosis
    alerts: AlertSummary
    gaps: list[str] = []
    clearing: Clearing | None = None
    limits: list[str] = []
    standing: Standing | None = None
    service_id: str = ""
    """The PagerDuty service that was diagnosed, which the incident may have left since; empty: of an older version."""
    service_name: str = ""
    reopened_at: float | None = None
    """The reopening that was diagnosed; None: the incident's first begin."""
    looked_at: float = 0.0
    """When the incident was first looked at since it came, was moved or was reopened."""
    chosen: list[ServiceView] = []
    """The workloads that the alerts name, as far as they are there and may be seen; none: the mapping alone counts."""
    called: list[ServiceView] = []
    """The workloads that these call, as far as what was read tells, and that nobody had mapped."""
    goes_on_since: float | None = None
    """Since when the fault of the answer before the reopening goes on; None: the answer is of the time since."""
