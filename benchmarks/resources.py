"""Many Manual resources at once: time to Ready, operator CPU and memory, writes and reads; then a restart."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.audit import Audit, gets, writes
from benchmarks.self_healing import measure_self_healing
from hack.lib.tether import tethered
from testbed.localkube import LocalKube
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube, condition
from testbed.stage.program import Program, cpu_seconds_of
from testbed.stage.release import CRDS, StagedRelease
from testbed.stage.user import API_SECRET, integration, signing_secret_name

RELEASE = "noctuary-bench"
APPLIED_AT_ONCE = 24
ALL_READY_S = 300.0
REFERENCE_START_S = 8.0
DISTURBED = 20
"""Resources whose children are edited and deleted."""
IDLE_S = 2.0
"""Idle is no CPU tick for so long."""
REFERENCE_SHARE = 4
"""The reference gets a quarter of the resources: it is slow, and its cost per resource is flat."""
NETWORKING = "/apis/networking.k8s.io/v1"


@dataclass
class Round:
    """What one round cost."""

    name: str
    count: int
    seconds: float
    cpu: float
    megabytes: float
    counts: Counter[str]

    def line(self) -> str:
        """Print it."""
        written, read = sum(writes(self.counts).values()), sum(gets(self.counts).values())
        each = self.cpu / self.count * 1000
        return (
            f"  {self.name:<28} {self.seconds:6.1f} s  {self.cpu:6.2f} CPU-s  {each:5.2f} ms CPU each  "
            f"{self.megabytes:4.0f} MB RSS  {written / self.count:.3f} writes each  {read} GETs\n"
            f"  {'':<28} {dict(sorted((writes(self.counts) | gets(self.counts)).items()))}"
        )


async def measure_resources(count: int) -> None:
    """Measure both route types, a restart and the reference, and print one table."""
    with tempfile.TemporaryDirectory(prefix="noctuary-bench-") as text:
        directory = Path(text)
        audit = Audit(directory, RELEASE)
        cluster = await asyncio.to_thread(LocalKube, crds=CRDS, apiserver_flags=audit.flags)
        with cluster:
            kube = await Kube.connect(cluster.kubeconfig)
            release = StagedRelease(cluster, "http://127.0.0.1:9", directory, RELEASE, log_level="info")
            try:
                await asyncio.to_thread(release.install)
                print(f"resources: {count} Manual resources applied at once", flush=True)
                for route in ("None", "Ingress"):
                    print((await _apply_all(kube, release, audit, route, count)).line(), flush=True)
                print((await _restart(release, audit, 2 * count)).line(), flush=True)
                print(f"children disturbed by hand, one after the other, among {2 * count} resources", flush=True)
                print(await measure_self_healing(kube, RELEASE, "bench-ingress", min(count, DISTURBED)), flush=True)
                release.operator.stop()
                print(await _reference(cluster, kube, max(1, count // REFERENCE_SHARE)), flush=True)
            finally:
                await kube.close()
                await asyncio.to_thread(release.stop)


async def _apply_all(kube: Kube, release: StagedRelease, audit: Audit, route: str, count: int) -> Round:
    namespace = f"bench-{route.lower()}"
    await _prepare(kube, namespace)
    if not release.operator.running:
        release.operator.start()
        await until_idle(release.operator)
    audit.new_counts()
    cpu = release.operator.cpu_seconds()
    started = time.monotonic()
    controller = asyncio.create_task(_report_addresses(kube)) if route == "Ingress" else None
    await _create(kube, namespace, route, count)
    await until(f"{count} resources Ready", lambda: _all_ready(kube, namespace, count), timeout_s=ALL_READY_S)
    seconds = time.monotonic() - started
    await until_idle(release.operator)
    if controller is not None:
        controller.cancel()
    used = release.operator.cpu_seconds() - cpu
    return Round(f"route: {route}", count, seconds, used, release.operator.rss_megabytes(), audit.new_counts())


async def _prepare(kube: Kube, namespace: str) -> None:
    await kube.make_namespace(namespace)
    await kube.put_secret(namespace, API_SECRET, {"token": "u+bench"})
    await kube.put_secret(namespace, signing_secret_name("bench"), {"secret": "bench"})


async def _create(kube: Kube, namespace: str, route: str, count: int) -> None:
    gate = asyncio.Semaphore(APPLIED_AT_ONCE)

    async def create(number: int) -> None:
        name = f"bench-{number}"
        manifest = integration(
            namespace, name, api_url="http://127.0.0.1:9", service=name, service_id=f"P{number:05d}", route=route
        )
        manifest["spec"]["webhook"]["subscription"]["signingSecretRef"]["name"] = signing_secret_name("bench")
        async with gate:
            await kube.apply(GROUP, namespace, PLURAL, manifest)

    await asyncio.gather(*(create(number) for number in range(count)))


async def _all_ready(kube: Kube, namespace: str, count: int) -> bool:
    await asyncio.sleep(0.5)
    resources = await kube.list(GROUP, namespace, PLURAL)
    ready = [resource for resource in resources if condition(resource, "Ready").get("status") == "True"]
    return len(ready) == count


async def _report_addresses(kube: Kube) -> None:
    while True:
        for route in await kube.list(NETWORKING, RELEASE, "ingresses"):
            if not route.get("status", {}).get("loadBalancer", {}).get("ingress"):
                status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}
                await kube.patch_status(NETWORKING, RELEASE, "ingresses", route["metadata"]["name"], status)
        await asyncio.sleep(0.5)


async def _restart(release: StagedRelease, audit: Audit, count: int) -> Round:
    release.operator.stop()
    audit.new_counts()
    started = time.monotonic()
    release.operator.start()
    idle_after = await until_idle(release.operator)
    cpu = release.operator.cpu_seconds()
    return Round(
        f"restart at {count}", count, idle_after - started, cpu, release.operator.rss_megabytes(), audit.new_counts()
    )


async def until_idle(program: Program) -> float:
    """Wait until the process uses next to no CPU; return when that began (monotonic seconds)."""
    since, last = time.monotonic(), program.cpu_seconds()
    while time.monotonic() - since < IDLE_S:
        await asyncio.sleep(0.1)
        used = program.cpu_seconds()
        if used - last > 0.02:
            since = time.monotonic()
        last = used
    return since


async def _reference(cluster: LocalKube, kube: Kube, count: int) -> str:
    namespace = "bench-reference"
    await _prepare(kube, namespace)
    process = _start_plain_kopf(cluster.kubeconfig, namespace)
    try:
        await asyncio.sleep(REFERENCE_START_S)
        cpu, started = cpu_seconds_of(process.pid), time.monotonic()
        await _create(kube, namespace, "None", count)
        await until("the reference is done", lambda: _all_ready(kube, namespace, count), timeout_s=ALL_READY_S)
        seconds, used = time.monotonic() - started, cpu_seconds_of(process.pid) - cpu
    finally:
        process.kill()
        process.wait()
    each = used / count * 1000
    return f"  {'reference: plain Kopf':<28} {seconds:6.1f} s  {used:6.2f} CPU-s  {each:5.2f} ms CPU each ({count})"


def _start_plain_kopf(kubeconfig: Path, namespace: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "REFERENCE_NAMESPACE": namespace}
    command = tethered([sys.executable, "-m", "benchmarks.plain_kopf"], die_with=os.getpid())
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
