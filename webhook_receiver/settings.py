"""What the receiver is told from outside: environment variables that begin with NOCTUARY_."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from noctuary.common.egress.policy import PAGERDUTY_HOSTS
from noctuary.common.settings.base import Settings
from noctuary.common.settings.forms import Names, Port
from noctuary.incidents.evidence.sight import IGNORED_REASONS
from noctuary.sources.kubernetes.kinds.registry import OPTIONAL_KINDS
from noctuary.store import limits
from webhook_receiver.deps import ROUTING_MAX_AGE_S

MAX_IGNORED_REASONS = 100
"""Who wants to hear of less than this had better not watch."""
_REASON = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}")
"""The API server takes no longer reason; code words have no spaces."""


def _check_reasons(reasons: tuple[str, ...]) -> tuple[str, ...]:
    for reason in reasons:
        if _REASON.fullmatch(reason) is None:
            raise ValueError(f"{reason!r} is no reason of a Warning: name code words, such as PolicyViolation")
    return reasons


def _check_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    for kind in kinds:
        if kind not in OPTIONAL_KINDS:
            raise ValueError(f"{kind!r} cannot be left out: name some of {', '.join(OPTIONAL_KINDS)}")
    return kinds


class ReceiverSettings(Settings):
    """All settings of the receiver."""

    data_dir: Path
    """Where the store is kept: a local disk or a block volume, never a network file system."""
    host: str = "0.0.0.0"  # noqa: S104 - a pod is reached by its own address
    """The address that both ports listen on."""
    public_port: Port = 8080
    """Webhooks and events; 0 takes a free port."""
    internal_port: Port = 8081
    """Health, metrics and the operator's questions; never routed from outside. 0 takes a free port."""
    port_file: Path | None = None
    """Where the ports that were taken are written, as JSON."""
    routing_max_age_s: Annotated[float, Field(ge=1)] = ROUTING_MAX_AGE_S
    """Webhooks are answered 503 when the routing records could not be confirmed for this long."""
    watch_cluster: bool = True
    """Whether changes of the cluster are watched; off where another process or nobody does."""
    read_specs: bool = True
    """Whether Services, routes, policies and the like are listed at incident time, for what in them cannot work."""
    watch_namespaces: Names = ()
    """Namespaces that are looked at; empty: all, and the nodes. With a list nothing is asked for cluster-wide."""
    read_logs: bool = True
    """Whether the last lines of crashed containers are read to tell why; one line of each at most is kept."""
    unwatched_kinds: Annotated[Names, AfterValidator(_check_kinds)] = ()
    """Kinds whose changes are not watched, by their plurals, of those that may be left out."""
    egress_hosts: Names = PAGERDUTY_HOSTS
    """Hosts that are asked at all, whatever a record says: a name, *.domain, or *; with a port, only that port."""
    egress_private_hosts: Names = ()
    """Those of NOCTUARY_EGRESS_HOSTS that may have a private or loopback address: a proxy of one's own, a simulator."""
    prometheus_hosts: Names = ()
    """Hosts that may be asked for metrics, also over plain http and at private addresses: in the same form."""
    allow_http_api: bool = False
    """Whether hosts may be asked over plain http: for tests with a simulated PagerDuty."""
    max_tenant_events: Annotated[int, Field(ge=1_000)] = limits.DEFAULT_TENANT_EVENTS
    """Events that one namespace may keep at a time."""
    max_tenant_event_bytes: Annotated[int, Field(ge=1024 * 1024)] = limits.DEFAULT_TENANT_EVENT_BYTES
    """Bytes of the events that one namespace may keep."""
    max_tenant_services: Annotated[int, Field(ge=10)] = limits.DEFAULT_TENANT_SERVICES
    """Names of services that one namespace may have."""
    max_incidents_per_integration: Annotated[int, Field(ge=100)] = limits.DEFAULT_INCIDENTS_PER_INTEGRATION
    """Incidents of one integration that are kept; beyond it the oldest closed ones go."""
    max_tenant_webhook_bytes: Annotated[int, Field(ge=1024 * 1024)] = limits.DEFAULT_TENANT_WEBHOOK_BYTES
    """Bytes of webhooks of one namespace that wait; beyond it they are answered 503."""
    max_tenant_incident_bytes: Annotated[int, Field(ge=1024 * 1024)] = limits.DEFAULT_TENANT_INCIDENT_BYTES
    """Bytes of incidents, their evidence and their notes in one namespace; beyond it the oldest closed ones go."""
    max_store_bytes: Annotated[int, Field(ge=64 * 1024 * 1024)] = limits.DEFAULT_STORE_BYTES
    """What all namespaces keep together; near it those that keep most give way."""
    incident_retention_s: Annotated[float, Field(ge=86_400)] = limits.DEFAULT_INCIDENT_RETENTION_S
    """How long closed incidents and their notes are kept, at least a day."""
    ignored_reasons: Annotated[Names, Field(max_length=MAX_IGNORED_REASONS), AfterValidator(_check_reasons)] = (
        IGNORED_REASONS
    )
    """Reasons of Warnings that no note ever names or counts."""
