"""What correlation reads (an IncidentContext) and what it says (a Diagnosis)."""

from enum import StrEnum

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.node_view import NodeView


class Relation(StrEnum):
    """How near a thing is to the incident's service."""

    OWN = "own"
    DEPENDENCY = "dependency"
    NEIGHBOUR = "neighbour"
    """Mapped to the same PagerDuty service, while the alerts name another."""
    NODE = "node"

    @property
    def order(self) -> int:
        """Return its place among the others, the nearest first."""
        return list(Relation).index(self)


class CauseKind(StrEnum):
    """What can be to blame."""

    ROLLOUT = "rollout"
    CHANGE = "change"
    FAULT = "fault"
    NODE = "node"


class Verdict(StrEnum):
    """The three kinds of answer."""

    CAUSE = "cause"
    NOTHING_RELEVANT = "nothing_relevant"
    NEVER_SEEN = "never_seen"


class ServiceView(msgspec.Struct, frozen=True):
    """One service of the incident: its own or a dependency, and which objects and events are its."""

    name: str
    relation: Relation
    tenant: str
    namespaces: list[str]
    match_labels: dict[str, str] = {}
    closed: dict[str, str] = {}
    """Namespaces that it is mapped to and nobody may look at, and why."""


class PodView(msgspec.Struct, frozen=True):
    """A pod as it is now; `template_hash` ties it to its rollout."""

    namespace: str
    name: str
    workload: str
    template_hash: str
    node: str
    is_ready: bool
    labels: dict[str, str] = {}
    started_at: float = 0.0
    restarts: int = 0
    workload_kind: str = ""
    created_at: float = 0.0
    ready_changed_at: float = 0.0
    """When it last became ready or unready; 0: not known."""
    is_leaving: bool = False
    service: str = ""
    """What annotations or labels call its service; empty: nothing but its workload."""
    service_account: str = ""
    """The ServiceAccount that it runs as; empty: not read."""
    config_maps: dict[str, bool] = {}
    """The ConfigMaps that it reads, and whether it sees their changes while it runs: else only as it starts."""


class Subject(msgspec.Struct, frozen=True):
    """The object concerned; `kind` is empty for what other systems only know by its service's name."""

    kind: str
    namespace: str
    name: str


class IncidentContext(msgspec.Struct, frozen=True):
    """Everything known when the incident came. `pods` None: they were not read. Times: seconds since the epoch."""

    services: list[ServiceView]
    onset: float
    lookback_s: float
    events: list[ContextEvent]
    pods: list[PodView] | None = None
    last_event_at: float | None = None
    minimum_score: float = 0.3
    ignored_reasons: list[str] = []
    """Reasons of Warnings that tell nothing, as the release is set."""
    unread_services: list[str] | None = None
    """Services whose pods were not read live; None: not known which."""
    nodes: list[NodeView] = []
    """The nodes that were read live; of others only what was stored is known."""
    measured: list[Subject] = []
    """Workloads of which metrics were read: what left its usual level is among the events, all else did not."""
    began_at: float = 0.0
    """When the incident itself began, which may be hours after the onset that its alerts tell; 0: as the onset."""
    is_onset_dated: bool = False
    """Whether the onset is when the trouble itself began, as a graph tells; else it is when an alert told of it."""


class Change(msgspec.Struct, frozen=True):
    """A rollout or another change of one service."""

    event_id: str
    is_rollout: bool
    subject: Subject
    service: str
    relation: Relation
    at: float
    vendor: str
    event_type: str
    details: dict[str, str] = {}
    actor: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    entity: str = ""
    sha: str | None = None
    link: str | None = None
    confidence: float = 1.0
    is_posted: bool = False
    """Whether another system told it; what a cluster shows is not."""


class Fault(msgspec.Struct, frozen=True):
    """The same thing wrong with pods of one template (or with one node), from `first` until `last`.

    `kind` is that of its analyzer; one that another version wrote may be unknown here.
    """

    kind: str
    event_ids: list[str]
    subject: Subject
    service: str
    relation: Relation
    template_hash: str
    first: float
    last: float
    pods: list[str] = []
    nodes: list[str] = []
    details: dict[str, str] = {}
    vendor: str = "kubernetes"
    text: str = ""
    entity: str = ""
    event_type: str = ""
    actor: str | None = None
    sha: str | None = None
    link: str | None = None
    confidence: float = 1.0
    is_posted: bool = False
    is_over: bool = False
    """Whether it was seen to have ended before the incident was looked at: what is over is told in the past tense."""
    failing_pods: list[str] | None = None
    """Those of `pods` for which it was not seen to have ended; None: of an older version, which told none apart."""

    @property
    def shown_pods(self) -> list[str]:
        """Return the pods that still fail, or all where none does."""
        return self.failing_pods or self.pods


class Term(msgspec.Struct, frozen=True):
    """One summand of a score, with its reason in words; `name` is what a weight is kept under."""

    why: str
    value: float
    name: str = ""


class Cause(msgspec.Struct, frozen=True):
    """A candidate that can be blamed: the change or the leading fault, the faults it explains, and why."""

    kind: CauseKind
    why: str
    terms: list[Term]
    change: Change | None = None
    faults: list[Fault] = []
    limit: float = 1.0
    """The most that its score can be, however well the rest fits."""
    probability: float | None = None
    """That it is the cause, beside all other candidates and none of them; None: of an older version."""
    odds: list[Term] = []
    """What speaks for and against it, as summands of its log-odds."""

    @property
    def score(self) -> float:
        """Return the sum of the terms, between 0 and the limit."""
        return round(min(self.limit, max(0.0, self.unlimited)), 3)

    @property
    def unlimited(self) -> float:
        """Return the sum of the terms as it is, which ranks what has the same score."""
        return round(sum(term.value for term in self.terms), 3)

    @property
    def at(self) -> float:
        """Return when it happened."""
        return self.change.at if self.change is not None else min(fault.first for fault in self.faults)


class SetAside(msgspec.Struct, frozen=True):
    """A change that was looked at and is not to blame, and why."""

    change: Change
    why: str
    probability: float = 0.0
    """That it is the cause all the same; 0 where it cannot be."""


class Diagnosis(msgspec.Struct, frozen=True):
    """The answer with its evidence, as it is frozen with the incident.

    `weak` were candidates below the threshold. `pods_ready` of `pods_total` as read live; None: not read.
    """

    verdict: Verdict
    onset: float
    since: float
    services: list[str]
    dependencies: list[str]
    causes: list[Cause] = []
    weak: list[Cause] = []
    set_aside: list[SetAside] = []
    events_seen: int = 0
    last_event_at: float | None = None
    pods_ready: int | None = None
    pods_total: int | None = None
    background: list[Fault] = []
    """What goes on since long before the onset, at the same rate: no cause, and acquits nothing."""
    symptoms: list[Fault] = []
    """What is felt since about the onset and nothing explains: no cause, and the reader's way to one."""
    ran_well_s: float | None = None
    """How long the version that fails now had run well, when its rollout is too old to be the cause."""
    is_undecided: bool = False
    """Whether several changes came just before the alert and none has a fault of its own: then none is headlined."""
    set_aside_more: int = 0
    """How many changes were set aside beyond the latest ones that are named."""
    neighbours: list[str] = []
    """What is mapped to the same PagerDuty service, while the alerts name what is in `services`."""
    is_of_reopening: bool = False
    """Whether the onset is that of a reopening, which no alert came with."""
    none_probability: float | None = None
    """That no change and no fault of what was looked at is the cause; None: of an older version."""
    unseen_probability: float = 0.0
    """That the cause is a change or a fault that was not seen, such as where nothing could be read."""
    changes_more: int = 0
    """How many changes below the threshold there are beyond those of `weak`."""


WORKLOAD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
JOB_KINDS = frozenset({"Job", "CronJob"})
