"""The two watches of Secrets behind the routing table."""

from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import Health, Reflector
from noctuary.models.routing_record import ROLE_INTERNAL_TOKEN, ROLE_LABEL, ROLE_ROUTING_RECORD
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.record_secrets import Secret
from noctuary.routing.table import RoutingTable

WATCHES_PER_MAX_AGE = 2.4
"""A quiet watch confirms itself when it ends: twice, with some time to spare, before it counts as stale."""
LONGEST_WATCH_S = 30
MAX_STALL_GRACE_S = 10.0


def reflectors(
    client: KubeClient, namespace: str, table: RoutingTable, token: OperatorToken, max_age_s: float
) -> list[Reflector[Secret]]:
    """Return the two watches of Secrets, in our own namespace only: of the records, and of the internal token."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    watch_s = max(1, min(LONGEST_WATCH_S, int(max_age_s / WATCHES_PER_MAX_AGE)))
    parts = ((table, ROLE_ROUTING_RECORD, table.health), (token, ROLE_INTERNAL_TOKEN, Health()))
    return [
        Reflector(
            client,
            path,
            Secret,
            sink,
            label_selector=f"{ROLE_LABEL}={role}",
            watch_timeout_s=watch_s,
            stall_grace_s=min(MAX_STALL_GRACE_S, max_age_s),
            health=health,
        )
        for sink, role, health in parts
    ]
