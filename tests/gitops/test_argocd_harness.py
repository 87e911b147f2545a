"""Our Argo CD leaves nothing behind, however its owner ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from hack.lib.errors import BuildError
from hack.lib.processes import is_alive, read_record
from testbed.argocd.programs import find_git
from testbed.argocd.scratch import clear_remains
from testbed.localkube import Cluster
from testbed.polling import eventually

ROOT = Path(__file__).resolve().parents[2]
OWNER_THAT_SLEEPS = """\
import sys, time
from pathlib import Path
from testbed.argocd import ArgoCD
from testbed.localkube import Cluster
with ArgoCD(Cluster(Path(sys.argv[1]), Path(sys.argv[2]))) as argocd:
    print(argocd.directory, flush=True)
    time.sleep(600)
"""


def test_nothing_is_left_after_the_owner_was_killed(cluster: Cluster) -> None:
    command = [sys.executable, "-c", OWNER_THAT_SLEEPS, str(cluster.dir), str(cluster.kubectl_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        records = [read_record(path) for path in directory.glob("*.record")]
        owner.kill()
    assert len(records) == 3
    eventually("all have ended", lambda: not any(is_alive(each) for each in records if each))
    clear_remains()
    assert not directory.exists()


def test_a_machine_without_git_is_told_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match="Install the package git"):
        find_git()
