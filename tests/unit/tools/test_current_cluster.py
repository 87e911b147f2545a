"""Which kubeconfig `make run CLUSTER=current` reads, and what it says where there is none."""

import os
from pathlib import Path

import pytest

from testbed.demo.current import current_cluster, kubeconfig_in_use
from testbed.demo.names import names_around
from testbed.localkube import LocalKubeError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def put_kubectl(programs: Path) -> None:
    (programs / "kubectl").write_text("#!/bin/sh\n")
    (programs / "kubectl").chmod(0o755)


def test_without_kubectl_it_says_what_to_install(programs: Path) -> None:
    with pytest.raises(LocalKubeError, match="kubectl is not on the PATH: install it"):
        kubeconfig_in_use({"KUBECONFIG": "there"})


def test_without_a_kubeconfig_it_says_which_to_name(programs: Path) -> None:
    put_kubectl(programs)
    with pytest.raises(LocalKubeError, match=f"KUBECONFIG is not set and {programs}/.kube/config is not there"):
        kubeconfig_in_use({})


def test_a_kubeconfig_without_a_context_is_told_with_what_else_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kubectl").write_text("#!/bin/sh\necho 'error: current-context must exist' >&2\nexit 1\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with (
        pytest.raises(LocalKubeError, match="or leave CLUSTER away to run on embedded parts"),
        current_cluster(lambda _: "yes", {"KUBECONFIG": str(tmp_path / "none")}),
    ):
        pass


def test_what_kubectl_reads_is_used(programs: Path) -> None:
    put_kubectl(programs)
    assert kubeconfig_in_use({"KUBECONFIG": "a:b"}) == "a:b"
    (programs / ".kube").mkdir()
    (programs / ".kube" / "config").write_text("")
    assert kubeconfig_in_use({}) == f"{programs}/.kube/config"


@pytest.mark.parametrize("image", ["registry.k8s.io/pause:3.10", "127.0.0.1:5000/pause:3"])
def test_the_bad_version_is_a_tag_of_the_image_that_nodes_hold(image: str) -> None:
    names = names_around(image)
    assert names.good_image == image
    assert names.bad_image.rsplit(":", 1)[0] == image.rsplit(":", 1)[0]
    assert names.bad_image != image
