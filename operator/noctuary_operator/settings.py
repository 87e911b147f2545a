"""The settings of the operator: environment variables that begin with NOCTUARY_."""

import os
import socket
import uuid
from typing import Annotated, Literal

from pydantic import Field

from noctuary.common.egress.policy import PAGERDUTY_HOSTS
from noctuary.common.settings.base import Settings
from noctuary.common.settings.forms import Names, Port
from noctuary.kube import lease

MAX_INTEGRATIONS_PER_NAMESPACE = 100
"""Far more than a team has PagerDuty services; their specs are of 6 MB at most."""


def default_identity() -> str:
    """Return who we are to the Lease.

    In a cluster that is the pod: a container restarted in it takes its own Lease at once, as nobody else is called so.
    Elsewhere two processes may share a host, so each start is somebody else.
    """
    host = socket.gethostname()
    return host if "KUBERNETES_SERVICE_HOST" in os.environ else f"{host}_{os.getpid()}_{uuid.uuid4().hex[:8]}"


class OperatorSettings(Settings):
    """All settings of the operator."""

    receiver_service: str = "noctuary-receiver"
    """The backend Service of each route."""
    receiver_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """The port of the receiver's Service."""
    receiver_internal_url: str | None = None
    """Base URL of the receiver's internal port; without it nothing is known of webhooks that came in."""
    allowed_webhook_hosts: Names = ()
    """Hosts that a route may claim: a name, *.domain, or * for any. Empty: none."""
    allowed_api_hosts: Names = PAGERDUTY_HOSTS
    """Hosts that an API token may be sent to: a name, *.domain, or * for any; with a port, only that port."""
    allowed_prometheus_hosts: Names = ()
    """Hosts that integrations may have asked for metrics, in the same form. Empty: none."""
    allow_http_api: bool = False
    """Whether plain http is allowed towards the API: for tests with a local PagerDuty."""
    allowed_route_annotations: Names = ()
    """Annotation keys that a route may carry: a key, or a prefix that ends in *."""
    allowed_ingress_classes: Names = ("*",)
    """Ingress classes that a route may have: a name, or a prefix that ends in *.

    An Ingress that names none is served by the default class, whatever that is, so it is allowed with * only."""
    allowed_tls_secrets: Names = ("*",)
    """Secrets with certificates that a route may name: a name, or a prefix that ends in *."""
    max_integrations_per_namespace: Annotated[int, Field(ge=1)] = MAX_INTEGRATIONS_PER_NAMESPACE
    """Integrations of one namespace that are served; younger ones say that they are not."""
    secret_access: Literal["cluster", "namespaces"] = "cluster"  # noqa: S105 - how, not what
    """Whether Secrets are read in all namespaces that are served, or in NOCTUARY_SECRET_NAMESPACES only."""
    secret_namespaces: Names = ()
    """Namespaces whose Secrets are read if NOCTUARY_SECRET_ACCESS is `namespaces`, beside our own in the release's."""
    consent_required: bool = True
    """Whether a foreign namespace must consent to being mapped."""
    watch_namespaces: Names = ()
    """Namespaces whose integrations are served; empty: all. With a list nothing is asked for cluster-wide."""
    poll_interval_s: Annotated[float, Field(gt=0)] = 2.0
    """How often the receiver is asked what came in."""
    sweep_interval_s: Annotated[float, Field(gt=0)] = 300.0
    """How often what is left of deleted integrations is searched for, beyond the start and each DELETE."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 16
    """Integrations reconciled at once."""
    health_host: str | None = None
    """The address of /healthz and /metrics; all addresses when absent."""
    health_port: Port = 8081
    """The port of /healthz and /metrics; 0 takes a free one."""
    identity: str = Field(default_factory=default_identity)
    """Who we are to the Lease: in a cluster the pod's name, elsewhere a new name at each start."""
    lease_name: str = "noctuary-operator"
    """The Lease that one operator of a release holds."""
    lease_duration_s: Annotated[float, Field(ge=1)] = lease.DURATION_S
    """After so long without a renewal another operator may take over."""
    lease_renew_s: Annotated[float, Field(gt=0)] = lease.RENEW_S
    """How often the Lease is renewed; a third of its duration lets two renewals fail."""

    @property
    def names_secret_namespaces(self) -> bool:
        """Whether no Secret is asked for but in `secret_namespaces` and in the release's namespace."""
        return self.secret_access == "namespaces"  # noqa: S105 - how, not what
