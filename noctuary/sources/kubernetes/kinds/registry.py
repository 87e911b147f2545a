"""The watched Kubernetes kinds. Each needs its right in the receiver's RBAC files and cases beside the tests."""

from typing import Any

from noctuary.sources.kubernetes.changes.kinds.autoscalers import AUTOSCALERS
from noctuary.sources.kubernetes.changes.kinds.config_maps import CONFIG_MAPS
from noctuary.sources.kubernetes.changes.kinds.http_routes import HTTP_ROUTES
from noctuary.sources.kubernetes.changes.kinds.ingresses import INGRESSES
from noctuary.sources.kubernetes.changes.kinds.limit_ranges import LIMIT_RANGES
from noctuary.sources.kubernetes.changes.kinds.network_policies import NETWORK_POLICIES
from noctuary.sources.kubernetes.changes.kinds.resource_quotas import RESOURCE_QUOTAS
from noctuary.sources.kubernetes.changes.kinds.role_bindings import ROLE_BINDINGS
from noctuary.sources.kubernetes.changes.kinds.roles import ROLES
from noctuary.sources.kubernetes.changes.kinds.services import SERVICES
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
    SERVICES,
    INGRESSES,
    HTTP_ROUTES,
    NETWORK_POLICIES,
    ROLE_BINDINGS,
    ROLES,
    RESOURCE_QUOTAS,
    LIMIT_RANGES,
    CONFIG_MAPS,
    AUTOSCALERS,
    EVENTS,
    KILLINGS,
)
OPTIONAL_KINDS = tuple(sorted(each.resource for each in WATCHED_KINDS if each.is_optional))
"""Those that may be switched off, by their plurals."""
