"""A capture of a real API server: it replays, and holds no secret of two hundred that were written there."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from testbed.localkube import Cluster
from testbed.polling import until
from testbed.stage.canaries import COUNT, canary, objects_with_canaries
from testbed.stage.kube import Kube
from testbed.stage.kubelet import Kubelet, crashing
from testbed.stage.secret_search import leaks
from testbed.stage.user import APPS, deployment

GOOD, BAD = "registry.example.com/payments:1.0.0", "registry.example.com/payments:1.1.0"
PLURALS = {"Pod": "pods", "ConfigMap": "configmaps", "Event": "events"}
RUN_TIMEOUT_S = 120


@pytest.fixture
async def kube(cluster: Cluster) -> AsyncIterator[Kube]:
    admin = await Kube.connect(cluster.kubeconfig)
    yield admin
    await admin.close()


@pytest.fixture
async def workplace(kube: Kube, namespace: str) -> str:
    """A namespace in which pods can be made: its default account is there."""

    async def account() -> Any:
        return await kube.get("/api/v1", namespace, "serviceaccounts", "default")

    await until("the namespace has its account", account)
    return namespace


def noctuary(cluster: Cluster, *arguments: str) -> str:
    """Run the command as a person does, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "noctuary_cli", "replay", *arguments],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def write_canaries(kube: Kube, namespace: str) -> None:
    """Write all objects with a secret whose kind every cluster serves, and a Secret."""
    for obj in json.loads(json.dumps([*objects_with_canaries()]).replace('"team"', json.dumps(namespace))):
        if obj["kind"] in PLURALS:
            await kube.client.create(f"/api/v1/namespaces/{namespace}/{PLURALS[obj['kind']]}", obj)
            if obj.get("status"):
                await kube.patch_status("/api/v1", namespace, "pods", obj["metadata"]["name"], obj["status"])
    await kube.put_secret(namespace, "db", {f"key{number}": canary(number) for number in range(COUNT)})


@pytest.mark.timeout(300)
async def test_no_secret_of_two_hundred_leaves_the_cluster(
    cluster: Cluster, kube: Kube, workplace: str, tmp_path: Path
) -> None:
    await write_canaries(kube, workplace)
    await asyncio.to_thread(noctuary, cluster, "--capture", workplace, "--output", str(tmp_path / "bundle"))
    files = {path.name: path.read_text() for path in (tmp_path / "bundle").rglob("*") if path.is_file()}
    objects = json.loads(files["objects.json"])["items"]
    assert sum(each["kind"] in PLURALS for each in objects) > COUNT / 2
    assert [sorted(each["data"]) for each in objects if each["kind"] == "Secret"] == [
        sorted(f"key{number}" for number in range(COUNT))
    ]
    assert leaks({str(number): canary(number) for number in range(COUNT)}, files) == []


async def break_release(kube: Kube, namespace: str) -> None:
    """Roll out a good version, then one that crashes, and wait until a pod shows it."""
    for image in (GOOD, BAD):
        await kube.apply(APPS, namespace, "deployments", deployment(namespace, "acmepay", image, replicas=1))

        async def runs(image: str = image) -> bool:
            pods = await kube.list("/api/v1", namespace, "pods")
            return any(_is_reported(pod, image) for pod in pods)

        await until(f"a pod of {image} is reported", runs)


def _is_reported(pod: dict[str, Any], image: str) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return any(each["image"] == image and (each["ready"] or "waiting" in each["state"]) for each in statuses)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_pseudonymised", [False, True])
async def test_a_captured_bundle_replays(
    cluster: Cluster, kube: Kube, workplace: str, tmp_path: Path, is_pseudonymised: bool
) -> None:
    kubelet = Kubelet(kube, workplace)
    kubelet.let(BAD, crashing)
    reporting = asyncio.create_task(kubelet.run())
    try:
        await break_release(kube, workplace)
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
    bundle = str(tmp_path / "bundle")
    asked = ["--capture", workplace, "--output", bundle, "--service", "acmepay"]
    await asyncio.to_thread(noctuary, cluster, *asked, *(["--pseudonymise"] if is_pseudonymised else []))
    note = await asyncio.to_thread(noctuary, cluster, bundle)
    assert "was rolled out to 1.1.0" in note
    assert "new pods crash with exit code 1" in note
    assert "--to-revision=1" in note
    assert ("acmepay" in note) is not is_pseudonymised
