"""Fifty services behind one PagerDuty service, over several namespaces of a real API server: all are read."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.sources.kubernetes.live_reader import make_live_reader
from testbed.polling import until
from testbed.watched_cluster import WatchedCluster

SERVICES, NAMESPACES = 50, 5
PATIENT_S = 20.0


@pytest.fixture
async def spread(world: WatchedCluster, make_workload: Callable[..., dict[str, Any]]) -> AsyncIterator[list[str]]:
    """Fifty Deployments over five namespaces, and a pod of nobody's in each."""
    names = [f"many-{secrets.token_hex(4)}" for _ in range(NAMESPACES)]
    for name in names:
        world.cluster.kubectl("create", "namespace", name)
    made = (
        world.admin.create(
            f"/apis/apps/v1/namespaces/{names[number % NAMESPACES]}/deployments",
            make_workload("Deployment", f"svc-{number}", "app:1"),
        )
        for number in range(SERVICES)
    )
    await asyncio.gather(*made)
    alone = {"containers": [{"name": "app", "image": "app:1"}]}
    for name in names:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"}, "spec": alone}
        await world.admin.create(f"/api/v1/namespaces/{name}/pods", pod)
    yield names
    for name in names:
        world.cluster.kubectl("delete", "namespace", name, "--wait=false")


async def test_all_services_of_several_namespaces_are_read_and_what_nobody_mapped_is_known(
    world: WatchedCluster, spread: list[str]
) -> None:
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    services = [
        ServiceView(f"svc-{number}", Relation.OWN, "team", [spread[number % NAMESPACES]]) for number in range(SERVICES)
    ]
    reader = make_live_reader(kube, namespaces_s=PATIENT_S)

    async def read() -> LiveView:
        view = await reader(services)
        assert view is not None
        return view

    try:
        view = await until("all pods exist", read, lambda each: len({pod.workload for pod in each.pods}) == SERVICES)
        assert (view.gaps, view.unread_services) == ([], [])
        (around,) = view.around
        kinds = Counter(each.subject.kind for each in around.things(spread))
        assert kinds == {"Deployment": SERVICES, "Pod": NAMESPACES}
        assert {pod.name for pod in (await around.view([_alone(spread)])).pods} == {"alone"}
    finally:
        await kube.close()


def _alone(namespaces: list[str]) -> ServiceView:
    return ServiceView("alone", Relation.OWN, "team", namespaces)
