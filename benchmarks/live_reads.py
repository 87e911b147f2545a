"""How long the live view of fifty services takes on a real API server, beside plain lists of the same objects.

The services share a namespace, five, or have one each; then a namespace with more pods than are read. A plain list is
its bytes, not decoded: what `kubectl get` waits for. Run it by `python -m benchmarks.live_reads`.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

from noctuary.common.errors import KubernetesError, KubernetesUnavailable
from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.sources.kubernetes.live_reader import LISTS_AT_ONCE, MAX_SPECS_NAMESPACES, make_live_reader
from noctuary.sources.kubernetes.specs.kinds import SPEC_KINDS
from testbed.localkube import LocalKube
from testbed.polling import until

SERVICES = 50
REPLICAS = 4
SPREADS = (1, 5, 50)
LARGE_PODS = 2_000
LOOKS = 10
ALL_THERE_S = 300.0
PATIENT_S = 60.0
"""So that each look is timed to its end; what one in a hurry sees is printed besides."""
WRITES_AT_ONCE = 24
KINDS = (
    "/api/v1/namespaces/{}/pods",
    "/apis/apps/v1/namespaces/{}/deployments",
    "/apis/apps/v1/namespaces/{}/statefulsets",
    "/apis/apps/v1/namespaces/{}/daemonsets",
    "/apis/apps/v1/namespaces/{}/replicasets",
    "/apis/apps/v1/namespaces/{}/controllerrevisions",
)
PADDING = [{"name": f"SETTING_{number}", "value": "x" * 60} for number in range(25)]
"""So that a pod has the five kilobytes that pods have."""


def _deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name, "team": "bench"}
    container = {"name": "app", "image": "app:1", "env": PADDING}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}, "spec": spec}


async def _lay_out(kube: KubeClient, namespaces: int) -> list[ServiceView]:
    """Make the services, and wait until all their pods exist; return them as an integration maps them."""
    names = [f"spread-{namespaces}-{number}" for number in range(namespaces)]
    gate = asyncio.Semaphore(WRITES_AT_ONCE)

    async def make(number: int) -> ServiceView:
        name, namespace = f"svc-{number}", names[number % namespaces]
        async with gate:
            await kube.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", _deployment(name, REPLICAS))
        return ServiceView(name, Relation.OWN, "bench", [namespace])

    for each in names:
        await _make_namespace(kube, each)
    services = list(await asyncio.gather(*(make(number) for number in range(SERVICES))))
    await _until_there(kube, names, SERVICES * REPLICAS)
    return services


async def _make_namespace(kube: KubeClient, name: str) -> None:
    await kube.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


async def _until_there(kube: KubeClient, names: list[str], pods: int) -> None:
    async def count() -> int:
        await asyncio.sleep(1)
        answers = await asyncio.gather(*(kube.get(KINDS[0].format(name)) for name in names))
        return sum(answer.count(b'"pod-template-hash"') for answer in answers)

    await until(f"{pods} pods exist", count, lambda found: found >= pods, timeout_s=ALL_THERE_S)


async def _timed(what: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the median of wall time and of CPU time of several looks, in milliseconds."""
    walls, cpus = [], []
    for _ in range(LOOKS):
        wall, cpu = time.perf_counter(), time.process_time()
        await what()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls) * 1e3, statistics.median(cpus) * 1e3


def _plain(kube: KubeClient, namespaces: list[str]) -> Callable[[], Awaitable[object]]:
    async def read() -> None:
        gate = asyncio.Semaphore(LISTS_AT_ONCE)

        async def one(path: str) -> None:
            async with gate:
                with suppress(KubernetesError):  # a kind that this cluster does not have
                    await kube.get(path, query={"resourceVersion": "0"})

        await asyncio.gather(*(one(path) for path in _paths(namespaces)))

    return read


def _paths(namespaces: list[str]) -> Iterator[str]:
    """Yield the lists that a look asks for."""
    yield from (kind.format(name) for name in namespaces for kind in KINDS)
    yield from (kind.path(name) for name in namespaces[:MAX_SPECS_NAMESPACES] for kind in SPEC_KINDS)


async def _measure(kube: KubeClient, what: str, services: list[ServiceView]) -> None:
    try:
        view = await make_live_reader(kube)(services)
    except KubernetesUnavailable as error:
        view = None
        print(f"{what:<34} not read in time: {error}", flush=True)
    namespaces = list(dict.fromkeys(name for each in services for name in each.namespaces))
    plain_ms, plain_cpu_ms = await _timed(_plain(kube, namespaces))
    reader = make_live_reader(kube, namespaces_s=PATIENT_S)
    look_ms, look_cpu_ms = await _timed(lambda: reader(services))
    seen = f"{len(view.pods)} pods, {len(view.gaps)} gaps" if view is not None else "nothing"
    print(
        f"{what:<34} look {look_ms:6.0f} ms, {look_cpu_ms:6.0f} ms CPU; plain lists {plain_ms:6.0f} ms, "
        f"{plain_cpu_ms:6.0f} ms CPU; ratio {look_ms / plain_ms:4.1f}; {seen}",
        flush=True,
    )
    for gap in view.gaps if view is not None else ():
        print(f"    not read: {gap[:160]}")


async def _measure_large(kube: KubeClient, pods: int) -> None:
    await _make_namespace(kube, "large")
    path = "/apis/apps/v1/namespaces/large/deployments"
    await kube.create(path, _deployment("many", pods))
    await kube.create(path, _deployment("few", REPLICAS))
    await _until_there(kube, ["large"], pods + REPLICAS)
    by_name = ServiceView("few", Relation.OWN, "bench", ["large"])
    labelled = ServiceView("few", Relation.OWN, "bench", ["large"], {"app": "few"})
    await _measure(kube, f"4 of {pods} pods, by name", [by_name])
    await _measure(kube, f"4 of {pods} pods, by label", [labelled])


async def measure(large: int) -> None:
    """Measure all spreads on one control plane."""
    cluster = await asyncio.to_thread(LocalKube)
    with cluster:
        kube = await KubeClient.connect(cluster.kubeconfig)
        try:
            for namespaces in SPREADS:
                services = await _lay_out(kube, namespaces)
                await _measure(kube, f"{SERVICES} services in {namespaces} namespaces", services)
            if large:
                await _measure_large(kube, large)
        finally:
            await kube.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_reads")
    parser.add_argument("--large", type=int, default=LARGE_PODS, help="pods of the large namespace; 0: none")
    asyncio.run(measure(parser.parse_args().large))
