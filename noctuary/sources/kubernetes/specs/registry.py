"""All checks of specs, and what they find in a namespace."""

import asyncio
from collections.abc import Iterator
from itertools import islice

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
from noctuary.sources.kubernetes.specs.checks.resources.unready_containers import unready_containers
from noctuary.sources.kubernetes.specs.checks.resources.waiting_claims import waiting_claims
from noctuary.sources.kubernetes.specs.edges import edges_of
from noctuary.sources.kubernetes.specs.place import Check, Place
from noctuary.sources.kubernetes.specs.reading import Specs
from noctuary.sources.kubernetes.specs.work import TooMuchWork

CHECKS: tuple[Check, ...] = (
    empty_service,
    refused_pods,
    waiting_claims,
    silent_controllers,
    unready_containers,
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
TOO_MUCH = "because it holds more than is compared"
MAX_EVENTS = 100
"""Of one namespace: whoever writes a thousand broken Services must not crowd out what else is seen."""


def view_specs(place: Place) -> LiveView:
    """Return what all checks find, and which kinds they could not read."""
    found: list[ContextEvent] = []
    is_cut = False
    for check in CHECKS:
        place.work.begin()
        try:
            found.extend(islice(events_of(check, place), MAX_EVENTS - len(found)))
        except TooMuchWork:
            is_cut = True
    place.work.begin()
    gaps = [*gaps_of(place.specs), *gaps_of(place.found.volumes)]
    if is_cut:
        gaps.append(f"all that may stand wrong in namespace {place.namespace}, {TOO_MUCH}")
    return LiveView(found, edges=edges_of(place), gaps=gaps)


async def view_beside(place: Place) -> LiveView:
    """Return the same; in a large namespace it takes a while, in which others are served."""
    return await asyncio.to_thread(view_specs, place)


def gaps_of(specs: Specs) -> Iterator[str]:
    """Yield which kinds were not read; what this cluster does not have is no gap."""
    for kinds, why in ((specs.refused, REFUSED), (specs.failed, SLOW)):
        if kinds:
            where = f"namespace {specs.namespace}" if specs.namespace else "the cluster"
            yield f"{', '.join(sorted(kinds))} of {where}, because {why}"


def events_of(check: Check, place: Place) -> Iterator[ContextEvent]:
    """Yield what a check finds."""
    with leaving_out(ObjectRef("Namespace", "", place.namespace)):
        for event in check(place):
            yield clamp(event, place.now)
