"""The watched Kubernetes kinds. Each needs its right in the receiver's RBAC files and cases beside the tests."""

from typing import Any

from noctuary.sources.kubernetes.kinds.controller_revisions import CONTROLLER_REVISIONS
from noctuary.sources.kubernetes.kinds.daemon_sets import DAEMON_SETS
from noctuary.sources.kubernetes.kinds.deployments import DEPLOYMENTS
from noctuary.sources.kubernetes.kinds.events import EVENTS, KILLINGS
from noctuary.sources.kubernetes.kinds.nodes import NODES
from noctuary.sources.kubernetes.kinds.pods import PODS
from noctuary.sources.kubernetes.kinds.replica_sets import REPLICA_SETS
from noctuary.sources.kubernetes.kinds.stateful_sets import STATEFUL_SETS
from noctuary.sources.kubernetes.watched_kind import WatchedKind

WATCHED_KINDS: tuple[WatchedKind[Any], ...] = (
    REPLICA_SETS,
    CONTROLLER_REVISIONS,
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    PODS,
    NODES,
    EVENTS,
    KILLINGS,
)
