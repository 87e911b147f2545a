"""What integration tests share: a real API server, a namespace of one's own, the shipped identities."""

import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from testbed.localkube import Cluster, Identities, borrowed_kubeconfig, cluster_for_tests, grant, revoke
from testbed.localkube.binaries import find_binaries
from testbed.stage.receiver_process import ReceiverRelease

REPOSITORY = Path(__file__).resolve().parents[2]
CRDS = sorted((REPOSITORY / "crds").glob("*.yaml"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the control plane before the first test: it takes minutes once, which no test's timeout allows for."""
    # The Gateway API's tests take no borrowed cluster: its CRDs come and go.
    own = "gateway_crd" if borrowed_kubeconfig(os.environ) else "cluster"
    wanted = any(own in getattr(item, "fixturenames", ()) for item in session.items)
    if not wanted or session.config.option.collectonly:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        find_binaries()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real control plane that serves our CRDs."""
    with cluster_for_tests(CRDS) as running:
        yield running


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def granted(cluster: Cluster) -> Iterator[Callable[..., Identities]]:
    """Gives operator and receiver their shipped rights for a release namespace; returns their kubeconfigs."""
    namespaces: list[str] = []

    def grant_in(namespace: str, watched: Sequence[str] = ()) -> Identities:
        namespaces.append(namespace)
        return grant(cluster, namespace, watched=watched)

    yield grant_in
    for each in namespaces:
        revoke(cluster, each)


@pytest.fixture
async def release(
    cluster: Cluster, namespace: str, granted: Callable[[str], Identities], tmp_path: Path
) -> AsyncIterator[ReceiverRelease]:
    """A receiver's release in a namespace of its own, not started yet."""
    release = ReceiverRelease(cluster, namespace, granted(namespace).receiver, tmp_path)
    yield release
    await release.end()
