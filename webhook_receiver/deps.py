"""What the routes are made of, handed over as one object."""

from collections.abc import Callable
from dataclasses import dataclass, field

from noctuary.common.log import LogLimit
from noctuary.common.metrics import Metrics
from noctuary.incidents.unread import Unread
from noctuary.kube.reflector import Health
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.table import RoutingTable
from noctuary.serving.limits_met import LimitsMet
from noctuary.store.interface import Store
from webhook_receiver.gathering import Gathering
from webhook_receiver.reports import ReportLog
from webhook_receiver.token_proofs import TokenProofs
from webhook_receiver.traffic.admission import Admission
from webhook_receiver.traffic.bodies import BodyBudget
from webhook_receiver.traffic.long_work import LongWork

ROUTING_MAX_AGE_S = 70.0
"""Two ends of quiet watches and a margin: records older than this may belong to a token that was rotated away."""


@dataclass
class Deps:
    """Everything a receiver's routes read and write."""

    store: Store
    routing: RoutingTable
    internal_token: OperatorToken
    metrics: Metrics
    proofs: TokenProofs
    reports: ReportLog
    routing_max_age_s: float = ROUTING_MAX_AGE_S
    wake_worker: Callable[[], None] = lambda: None
    """Called when a webhook was stored."""
    long_work: LongWork = field(default_factory=LongWork)
    log_limit: LogLimit = field(default_factory=LogLimit)
    watches: Callable[[], dict[str, Health]] = dict
    """The health of the cluster's watches by resource."""

    def __post_init__(self) -> None:
        """Make what bounds the traffic of this receiver."""
        limits_met = LimitsMet(self.metrics)
        self.bodies = BodyBudget(limits_met)
        self.admission = Admission(limits_met)
        self.gathering = Gathering(self.store, lambda: self.admission.slots_now)

    @property
    def unread(self) -> Unread:
        """Return what counts requests that cannot be used."""
        return self.reports.unread

    @property
    def routing_is_fresh(self) -> bool:
        """Whether the routing records may be trusted now."""
        return self.routing.is_fresh(self.routing_max_age_s)
