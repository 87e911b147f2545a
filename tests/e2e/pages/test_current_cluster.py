"""`make run CLUSTER=current` on a cluster that is somebody's own, before a release is installed in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.demo.current import CRD
from testbed.e2e.kubectl import Kubectl
from testbed.kind.state import ClusterRecord

RUN = [sys.executable, "-m", "testbed.demo", "--cluster", "current", "--once"]
TIMEOUT_S = 300.0


def run(environment: dict[str, str], answer: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        RUN, env=environment, input=answer, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.fixture
def environment(facts: ClusterRecord, kubectl: Kubectl, tmp_path: Path) -> dict[str, str]:
    if kubectl("get", "crd", CRD, "--ignore-not-found"):
        pytest.skip("a release is installed there: run `make docs-kind`")
    programs = tmp_path / "bin"
    programs.mkdir()
    shutil.copy(facts.kubectl, programs / "kubectl")
    return {**os.environ, "KUBECONFIG": facts.kubeconfig, "PATH": f"{programs}:{os.environ['PATH']}"}


@pytest.mark.timeout(400)
def test_an_incident_gets_its_note_in_the_cluster_of_the_kubeconfig_and_all_is_removed(
    environment: dict[str, str], kubectl: Kubectl
) -> None:
    before = kubectl("get", "namespaces,clusterroles", "--output=name")
    done = run(environment, "yes\n")
    assert done.returncode == 0, done.stderr
    assert "exactly one note, and it names the bad rollout" in done.stdout
    assert kubectl("get", "namespaces,clusterroles", "--output=name") == before
    assert kubectl("get", "crd", CRD, "--ignore-not-found") == ""


def test_without_a_yes_nothing_is_done(environment: dict[str, str], kubectl: Kubectl) -> None:
    done = run(environment, "no\n")
    assert (done.returncode, "nothing was done" in done.stderr) == (1, True)
    assert kubectl("get", "crd", CRD, "--ignore-not-found") == ""
