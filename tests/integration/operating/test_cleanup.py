"""What is left in a release's namespace when it is to be removed: `noctuary cleanup`, under the Role of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.cleanup.steps import CleanupFailed, clean_up
from testbed.localkube import Cluster
from testbed.operating.team import OperatorProcess, TeamOf

INGRESS = {"type": "Ingress"}
OURS = "noctuary.io/role"
SLEEPER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "noctuary-operator"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "operator"}},
        "template": {
            "metadata": {"labels": {"app": "operator"}},
            "spec": {"containers": [{"name": "operator", "image": "none"}]},
        },
    },
}


def settings(cluster: Cluster, namespace: str, **more: Any) -> CleanupSettings:
    kubeconfig = cluster.identity_kubeconfig(namespace, "noctuary-cleanup")
    return CleanupSettings(release_namespace=namespace, kubeconfig=kubeconfig, **more)


async def clean(cluster: Cluster, namespace: str, **more: Any) -> int:
    chosen = settings(cluster, namespace, **more)
    client = await KubeClient.connect(chosen.kubeconfig)
    try:
        return await clean_up(client, chosen)
    finally:
        await client.close()


def names(cluster: Cluster, namespace: str, kinds: str, *more: str) -> list[str]:
    return cluster.kubectl("-n", namespace, "get", kinds, "-o", "name", *more).split()


async def test_everything_of_ours_goes_and_everything_of_others_stays(
    cluster: Cluster, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team, release = team_of(own_operator), own_operator.namespace
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    cluster.kubectl("-n", release, "create", "secret", "generic", "theirs")
    own_operator.stop()
    assert await clean(cluster, release) >= 3  # a record, an Ingress, the internal token
    assert names(cluster, release, "secrets,ingresses,leases") == ["secret/theirs"]
    assert set(team.secret("payments")) >= {"url", "token"}
    assert team.get("pdi", "payments") is not None


async def test_a_second_clean_up_finds_nothing(cluster: Cluster, own_operator: OperatorProcess) -> None:
    own_operator.stop()
    assert await clean(cluster, own_operator.namespace) > 0
    assert await clean(cluster, own_operator.namespace) == 0


async def test_nothing_is_removed_while_an_operator_is_at_work(cluster: Cluster, own_operator: OperatorProcess) -> None:
    release = own_operator.namespace
    with pytest.raises(CleanupFailed, match="scale it to zero and try again"):
        await clean(cluster, release, cleanup_wait_s=4)
    assert names(cluster, release, "secrets", "-l", OURS) != []


async def test_a_killed_operator_is_waited_for(cluster: Cluster, own_operator: OperatorProcess) -> None:
    own_operator.kill()
    await clean(cluster, own_operator.namespace)
    assert names(cluster, own_operator.namespace, "secrets,leases") == []


async def test_workloads_are_stopped_first_and_missing_ones_are_no_error(
    cluster: Cluster, own_operator: OperatorProcess
) -> None:
    release = own_operator.namespace
    own_operator.stop()
    cluster.kubectl("-n", release, "apply", "-f", "-", input=json.dumps(SLEEPER))
    await clean(cluster, release, stop_workloads=("deployments/noctuary-operator", "statefulsets/noctuary-receiver"))
    assert cluster.kubectl("-n", release, "get", "pods", "-o", "name") == ""


def test_the_command_says_what_it_did(cluster: Cluster, own_operator: OperatorProcess, tmp_path: Path) -> None:
    own_operator.stop()
    chosen = settings(cluster, own_operator.namespace)
    variables = {
        "NOCTUARY_RELEASE_NAMESPACE": chosen.release_namespace,
        "NOCTUARY_KUBECONFIG": str(chosen.kubeconfig),
    }
    command = [sys.executable, "-m", "noctuary_cli", "cleanup"]
    result = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    assert '"removed": 1' in result.stdout + result.stderr
