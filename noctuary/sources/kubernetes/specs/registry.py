"""All checks of specs, and what they find in a namespace."""

from collections.abc import Iterator

from noctuary.kube.odd import leaving_out
from noctuary.models.context_event import ContextEvent, ObjectRef
from noctuary.models.live_view import LiveView
from noctuary.sources.kubernetes.draft import clamp
from noctuary.sources.kubernetes.specs.checks.empty_service import empty_service
from noctuary.sources.kubernetes.specs.checks.network.broken_route import broken_route
from noctuary.sources.kubernetes.specs.checks.network.drifted_service import drifted_service
from noctuary.sources.kubernetes.specs.checks.network.network_policy import network_policy
from noctuary.sources.kubernetes.specs.checks.network.port_conflict import port_conflict
from noctuary.sources.kubernetes.specs.checks.network.probe_port import probe_port
from noctuary.sources.kubernetes.specs.checks.network.service_port import service_port
from noctuary.sources.kubernetes.specs.checks.network.unknown_address import unknown_address
from noctuary.sources.kubernetes.specs.checks.network.unready_service import unready_service
from noctuary.sources.kubernetes.specs.checks.resources.autoscalers import limited_autoscalers
from noctuary.sources.kubernetes.specs.checks.resources.jobs import failed_jobs, idle_cron_jobs
from noctuary.sources.kubernetes.specs.checks.resources.refused_pods import refused_pods
from noctuary.sources.kubernetes.specs.checks.resources.silent_controllers import silent_controllers
from noctuary.sources.kubernetes.specs.checks.resources.stalled_workloads import stalled_workloads
from noctuary.sources.kubernetes.specs.checks.resources.waiting_claims import waiting_claims
from noctuary.sources.kubernetes.specs.place import Check, Place
from noctuary.sources.kubernetes.specs.reading import Specs

CHECKS: tuple[Check, ...] = (
    empty_service,
    refused_pods,
    waiting_claims,
    silent_controllers,
    stalled_workloads,
    limited_autoscalers,
    failed_jobs,
    idle_cron_jobs,
    service_port,
    probe_port,
    port_conflict,
    unknown_address,
    broken_route,
    network_policy,
    drifted_service,
    unready_service,
)
REFUSED = "the API server refuses to show them"
SLOW = "the API server did not answer in time"
MAX_EVENTS = 100
"""Of one namespace: whoever writes a thousand broken Services must not crowd out what else is seen."""


def view_specs(place: Place) -> LiveView:
    """Return what all checks find, and which kinds they could not read."""
    found = [clamp(event, place.now) for check in CHECKS for event in _found(check, place)]
    return LiveView(found[:MAX_EVENTS], gaps=[*gaps_of(place.specs), *gaps_of(place.found.volumes)])


def gaps_of(specs: Specs) -> Iterator[str]:
    """Yield which kinds were not read; what this cluster does not have is no gap."""
    for kinds, why in ((specs.refused, REFUSED), (specs.failed, SLOW)):
        if kinds:
            where = f"namespace {specs.namespace}" if specs.namespace else "the cluster"
            yield f"{', '.join(sorted(kinds))} of {where}, because {why}"


def _found(check: Check, place: Place) -> Iterator[ContextEvent]:
    with leaving_out(ObjectRef("Namespace", "", place.namespace)):
        yield from check(place)
