"""What a tenant can make the operator keep in memory: big Secrets with our label, resources at the schema's bounds.

`python -m benchmarks.operator_memory` prints the peak of the resident memory after a restart beside each of them.
"""

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.resources import until_idle
from noctuary.common.errors import KubernetesError
from noctuary.models.routing_record import ROLE_LABEL, ROLE_WEBHOOK_SECRET
from testbed.localkube import LocalKube
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube
from testbed.stage.program import Program
from testbed.stage.release import CRDS, StagedRelease
from testbed.stage.user import integration

RELEASE = "noctuary-memory"
TENANT = "tenant"
SECRETS = 300
SECRET_BYTES = 1_000_000
RESOURCES = 45
FITTING = 100
"""Resources of the greatest weight that is still read: as many as a namespace may have by default."""
AT_ONCE = 4


async def measure_memory() -> None:
    """Measure each case with a control plane of its own, and print one line each."""
    print(f"peak RSS of the operator after a restart  {await _peak_beside(_nothing):5.0f} MB  alone", flush=True)
    for name, fill in (
        (f"beside {SECRETS} labelled Secrets of {SECRET_BYTES / 1e6:.0f} MB in one namespace", _secrets),
        (f"beside {RESOURCES} resources at the schema's bounds in one namespace", _resources),
        (f"beside {FITTING} resources of 60 KB of short words in one namespace", _short_words),
    ):
        print(f"{'':41} {await _peak_beside(fill):5.0f} MB  {name}", flush=True)


async def _peak_beside(fill: Callable[[Kube], Awaitable[None]]) -> float:
    with tempfile.TemporaryDirectory(prefix="noctuary-memory-") as text, LocalKube(crds=CRDS) as cluster:
        kube = await Kube.connect(cluster.kubeconfig)
        release = StagedRelease(cluster, "http://127.0.0.1:9", Path(text), RELEASE, log_level="info")
        try:
            await asyncio.to_thread(release.install)
            await kube.make_namespace(TENANT)
            await fill(kube)
            for starts in (1, 2):  # what the first run wrote counts in the second
                release.operator.start()
                await until("it has filled its caches", partial(_fillings, release.operator, starts))
                await until_idle(release.operator)
                peak = _peak_megabytes(release.operator.pid)
                release.operator.stop()
            return peak
        finally:
            await kube.close()
            await asyncio.to_thread(release.stop)


async def _fillings(operator: Program, wanted: int) -> bool:
    if not operator.running:
        raise RuntimeError(f"the operator ended:\n{operator.last_lines()}")
    return operator.log.read_text().count("Caches filled") >= wanted


async def _nothing(_: Kube) -> None:
    return


async def _secrets(kube: Kube) -> None:
    value = "QUFB" * (SECRET_BYTES // 4)
    labels = {ROLE_LABEL: ROLE_WEBHOOK_SECRET}
    await _apply_all(
        [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": f"big-{n}", "namespace": TENANT, "labels": labels},
                "data": {"value": value},
            }
            for n in range(SECRETS)
        ],
        lambda manifest: kube.client.create(f"/api/v1/namespaces/{TENANT}/secrets", manifest),
    )


async def _resources(kube: Kube) -> None:
    await _create_resources(kube, RESOURCES, _services_at_the_bounds())


async def _short_words(kube: Kube) -> None:
    services = [
        {"name": f"s{n}", "dependsOn": [f"d{m}" for m in range(50)], "selector": {"matchLabels": _labels(16)}}
        for n in range(50)
    ]
    await _create_resources(kube, FITTING, services)


def _labels(count: int) -> dict[str, str]:
    return {f"label-{n:02}/a": f"value-{n}-of-{'x' * 16}" for n in range(count)}


def _services_at_the_bounds() -> list[dict[str, Any]]:
    return [
        {
            "name": f"{n:03}".ljust(253, "n"),
            "selector": {"matchLabels": {f"{m:03}".ljust(60, "k"): "v" * 63 for m in range(16)}},
            "namespaces": [f"{m:03}".ljust(63, "x") for m in range(20)],
            "dependsOn": [f"{m:03}".ljust(253, "d") for m in range(50)],
        }
        for n in range(50)
    ]


async def _create_resources(kube: Kube, count: int, services: list[dict[str, Any]]) -> None:
    found = []
    for n in range(count):
        manifest = integration(TENANT, f"big-{n}", api_url="http://127.0.0.1:9", service="s", service_id="P1")
        manifest["spec"]["services"] = services
        found.append(manifest)
    path = f"{GROUP}/namespaces/{TENANT}/{PLURAL}"
    await _apply_all(found, lambda manifest: kube.client.create(path, manifest))


async def _apply_all(manifests: list[dict[str, Any]], create: Callable[[dict[str, Any]], Awaitable[bytes]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(manifest: dict[str, Any]) -> None:
        async with gate:
            try:
                await create(manifest)
            except KubernetesError as error:
                if error.status != 409:  # an attempt before had been carried out after all
                    raise

    await asyncio.gather(*map(one, manifests))


def _peak_megabytes(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


if __name__ == "__main__":
    asyncio.run(measure_memory())
