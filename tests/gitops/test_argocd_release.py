"""The release itself under Argo CD: the Kustomize example and the chart, with the clean-up when it goes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from testbed.argocd.team import Team
from testbed.polling import eventually

ROOT = Path(__file__).resolve().parents[2]
JOB = "noctuary-cleanup"
APPLICATION = ROOT / "deploy" / "argocd" / "release.yaml"
KINDS = "secrets,jobs,deployments,statefulsets,services"
"""Not the hook's own account and binding: on a busy machine Argo CD was seen to leave them behind."""


@pytest.fixture
def platform(team: Team) -> Iterator[Team]:
    """A repository with the release; what it brings cluster-wide is gone before the next test brings it."""
    team.repository.copy(ROOT / "deploy" / "kustomize", "kustomize")
    team.repository.copy(ROOT / "charts" / "noctuary", "charts/noctuary")
    yield team
    team.application.delete()


def deploy(team: Team) -> None:
    revision = team.repository.commit("Install Noctuary")
    team.application.apply()
    team.synced(revision)


def pod_of_the_job(team: Team) -> str:
    return str(team.kubectl("get", "pods", "-l", f"job-name={JOB}", "-o", "name").strip())


def clean_up(team: Team) -> None:
    """Do what the pod of the Job does, under its account: the local control plane runs no pods."""
    job = team.get("job", JOB)["spec"]["template"]["spec"]
    plain = {each["name"]: each["value"] for each in job["containers"][0]["env"] if "value" in each}
    kubeconfig = team.cluster.identity_kubeconfig(team.namespace, job["serviceAccountName"])
    own = {"NOCTUARY_RELEASE_NAMESPACE": team.namespace, "NOCTUARY_KUBECONFIG": str(kubeconfig)}
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), **plain, **own}
    command = [sys.executable, "-m", "noctuary_cli", *job["containers"][0]["args"]]
    subprocess.run(command, env=environment, check=True, timeout=120, cwd=ROOT)
    pod = pod_of_the_job(team)
    team.kubectl("patch", pod, "--subresource=status", "--type=merge", "-p", '{"status": {"phase": "Succeeded"}}')


def left(team: Team) -> set[str]:
    items = json.loads(team.kubectl("get", KINDS, "-o", "json"))["items"]
    return {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in items}


def test_the_kustomize_example_leaves_no_difference(platform: Team, applied: str) -> None:
    platform.manifest["spec"]["source"]["path"] = "kustomize/example"
    deploy(platform)
    kinds = {name.partition("/")[0] for name in platform.application.resources()}
    assert {"CustomResourceDefinition", "Deployment", "StatefulSet", "ClusterRole"} <= kinds


def test_the_chart_leaves_no_difference_and_its_clean_up_runs_at_the_end(platform: Team) -> None:
    platform.follow(yaml.safe_load(APPLICATION.read_text(encoding="utf-8")))
    deploy(platform)
    assert "Job/noctuary-cleanup" not in platform.application.resources()
    platform.kubectl("create", "secret", "generic", "noctuary-left-behind")
    platform.kubectl("label", "secret", "noctuary-left-behind", "noctuary.io/role=routing-record")
    platform.application.delete(wait=False)
    eventually("the pod of the clean-up", lambda: pod_of_the_job(platform), bool, show=platform.application.status)
    clean_up(platform)
    eventually("the Application is gone", lambda: not platform.application.status(), show=platform.application.status)
    eventually("nothing left", lambda: not left(platform), show=lambda: left(platform))
