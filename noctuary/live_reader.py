"""The live view as correlation reads it: the faults and pods of an incident's services, as they are now."""

import asyncio

from noctuary.correlation.model import PodView, ServiceView
from noctuary.enrichment import LiveReader, LiveView
from noctuary.kube.client import KubeClient
from noctuary.live import LivePod, read_live
from noctuary.routing import ServiceMapping

MAX_SERVICES = 5
"""Own workloads come first; each service costs a handful of cached lists."""


def make_live_reader(kube: KubeClient) -> LiveReader:
    """Return the reader over one API server connection."""

    async def read(services: list[ServiceView]) -> LiveView:
        """Read the services side by side; raises KubernetesError."""
        states = await asyncio.gather(
            *(read_live(kube, _mapping(service), service.tenant) for service in services[:MAX_SERVICES])
        )
        return LiveView(
            events=[event for state in states for event in state.events],
            pods=[_pod(pod) for state in states for pod in state.pods],
        )

    return read


def _mapping(service: ServiceView) -> ServiceMapping:
    return ServiceMapping(service.name, None, service.match_labels, service.namespaces)


def _pod(pod: LivePod) -> PodView:
    return PodView(
        namespace=pod.namespace,
        name=pod.name,
        workload=pod.workload_name,
        template_hash=pod.template_hash,
        node=pod.node,
        is_ready=pod.ready,
        labels=pod.labels,
    )
