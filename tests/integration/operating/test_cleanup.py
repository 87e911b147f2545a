"""What is left in a release's namespace when it is to be removed: `noctuary cleanup`, under the Role of its own."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.cleanup.steps import CleanupFailed, clean_up
from testbed.localkube import Cluster, Identities
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


class Command:
    """`noctuary cleanup` as a person or the chart's Job runs it, under the Role of the Job."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        chosen = settings(cluster, namespace)
        told = {"NOCTUARY_RELEASE_NAMESPACE": namespace, "NOCTUARY_KUBECONFIG": str(chosen.kubeconfig)}
        self._environment = {**os.environ, **told}

    def __call__(self, *arguments: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, at a terminal whose person gives the answer, or without a terminal."""
        person, terminal = pty.openpty()
        try:
            if answer is not None:
                os.write(person, answer.encode())
            return subprocess.run(
                [sys.executable, "-m", "noctuary_cli", "cleanup", *arguments],
                stdin=subprocess.DEVNULL if answer is None else terminal,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            os.close(person)
            os.close(terminal)


def test_the_command_says_what_it_did(cluster: Cluster, own_operator: OperatorProcess) -> None:
    own_operator.stop()
    result = Command(cluster, own_operator.namespace)("--yes")
    assert result.returncode == 0, result.stderr
    assert '"removed": 1' in result.stdout + result.stderr
    assert "Removed 1 objects and the Leases" in result.stdout


def test_a_dry_run_shows_what_would_go_and_changes_nothing(cluster: Cluster, own_operator: OperatorProcess) -> None:
    release = own_operator.namespace
    before = names(cluster, release, "secrets,leases", "-o", "json")
    result = Command(cluster, release)("--dry-run")
    assert (result.returncode, "remove  secrets/noctuary-internal" in result.stdout) == (0, True), result
    assert "remove  leases/noctuary-operator" in result.stdout
    assert len(names(cluster, release, "secrets,leases", "-o", "json")) == len(before)
    assert names(cluster, release, "secrets", "-l", OURS) != []


def test_without_a_terminal_and_a_word_nothing_is_removed(cluster: Cluster, own_operator: OperatorProcess) -> None:
    own_operator.stop()
    result = Command(cluster, own_operator.namespace)()
    assert (result.returncode, "add --yes" in result.stderr) == (2, True), result
    assert names(cluster, own_operator.namespace, "secrets", "-l", OURS) != []


@pytest.mark.parametrize(("answer", "code", "gone"), [("n\n", 1, False), ("\n", 1, False), ("y\n", 0, True)])
def test_a_person_is_asked(cluster: Cluster, own_operator: OperatorProcess, answer: str, code: int, gone: bool) -> None:
    own_operator.stop()
    result = Command(cluster, own_operator.namespace)(answer=answer)
    assert result.returncode == code, result
    assert (names(cluster, own_operator.namespace, "secrets", "-l", OURS) == []) is gone


def test_a_namespace_without_anything_of_ours_is_told_so_without_a_question(
    cluster: Cluster, namespace: str, granted: Callable[[str], Identities]
) -> None:
    granted(namespace)
    result = Command(cluster, namespace)()
    assert (result.returncode, "holds nothing that the operator made" in result.stdout) == (0, True), result


@pytest.mark.parametrize(
    ("account", "release", "told"),
    [
        (None, "nowhere-at-all", "NOCTUARY_RELEASE_NAMESPACE: there is no namespace nowhere-at-all at https://"),
        ("noctuary-cleanup", "kube-system", "NOCTUARY_KUBECONFIG: its user may not do this"),
    ],
)
def test_who_may_not_and_what_is_not_there_are_told_with_what_to_change(
    cluster: Cluster, own_operator: OperatorProcess, account: str | None, release: str, told: str
) -> None:
    kubeconfig = cluster.identity_kubeconfig(own_operator.namespace, account) if account else cluster.kubeconfig
    result = subprocess.run(
        [sys.executable, "-m", "noctuary_cli", "cleanup", "--dry-run"],
        env={**os.environ, "NOCTUARY_RELEASE_NAMESPACE": release, "NOCTUARY_KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, told in result.stderr, result.stdout) == (2, True, ""), result
