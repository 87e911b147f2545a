"""What end-to-end tests share: the cluster of `make e2e`, its programs, its ingress controller, a relay for pods."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed.e2e.ingress_client import IngressClient, open_ingress_client
from testbed.e2e.kubectl import Kubectl, put_certificate
from testbed.e2e.pagerduty import PagerDuty, running_pagerduty
from testbed.e2e.release import ChartRelease
from testbed.e2e.team import Team
from testbed.kind.progress import report
from testbed.kind.state import ClusterRecord, RunDirectory
from testbed.relay import relay_in_thread

FACTS_VARIABLE = "NOCTUARY_E2E_FACTS"


def _facts() -> ClusterRecord | None:
    named = os.environ.get(FACTS_VARIABLE)
    run = RunDirectory(Path(named).parent if named else None)
    try:
        return run.read_facts()
    except FileNotFoundError:
        return None


@pytest.fixture(scope="session")
def facts() -> ClusterRecord:
    """Everything known about the cluster; without one, the test is skipped."""
    found = _facts()
    if found is None:
        pytest.skip("no cluster to test on: run `make e2e`, or `make e2e KEEP=1` and pytest afterwards")
    return found


@pytest.fixture(scope="session")
def kubectl(facts: ClusterRecord) -> Kubectl:
    """kubectl as administrator of the cluster."""
    return Kubectl(facts)


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A namespace of the test's own, in which Pod Security `restricted` is enforced."""
    name = f"e2e-{secrets.token_hex(3)}"
    kubectl.make_namespace(name)
    yield name
    kubectl.drop_namespace(name)


@pytest.fixture(scope="session")
def ingress(facts: ClusterRecord) -> Iterator[IngressClient]:
    """HTTPS to the ingress controller by host name; only the tests' own authority is trusted."""
    if not facts.https_port:
        pytest.skip("the ingress controller of this cluster is not ours")
    with open_ingress_client(facts) as ingress:
        yield ingress


@pytest.fixture
def certificate(facts: ClusterRecord, kubectl: Kubectl) -> Callable[[str], str]:
    """Store the test host's certificate in a namespace; returns the name of its Secret."""

    return lambda namespace: put_certificate(kubectl, namespace)


@pytest.fixture
def relay_for_pods(facts: ClusterRecord) -> Iterator[Callable[[int], str]]:
    """Open a loopback port of this machine, such as the simulator's, to pods; returns host:port as pods see it."""

    def relay_port(port: int) -> str:
        if not facts.gateway:
            pytest.skip("this cluster has no address of this machine")
        return "{}:{}".format(*stack.enter_context(relay_in_thread(facts.gateway, port)))

    with contextlib.ExitStack() as stack:
        yield relay_port


@pytest.fixture
def progress(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line at once, although pytest holds back what tests print."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def print_now(line: str) -> None:
        with capture.global_and_fixture_disabled():
            report(line)

    return print_now


@pytest.fixture(scope="session")
def pagerduty(facts: ClusterRecord, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagerDuty]:
    """The simulator, reached by pods; its webhooks for the test host go through the ingress controller with TLS."""
    if not facts.https_port or not facts.gateway:
        pytest.skip("the ingress controller of this cluster is not ours")
    with running_pagerduty(facts, tmp_path_factory.mktemp("pagerduty")) as running:
        yield running


@pytest.fixture(scope="session")
def installed(
    kubectl: Kubectl, facts: ClusterRecord, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChartRelease]:
    """The one release of a run; tests ask for `release`, which finds it installed."""
    if not facts.https_port:
        pytest.skip("the ingress controller of this cluster is not ours")
    if not facts.image:
        pytest.skip("this cluster is for the pages, which bring the image: run `make e2e`")
    release = ChartRelease(kubectl, tmp_path_factory.mktemp("helm"))
    try:
        release.set_up()
        yield release
    finally:
        release.tear_down()


@pytest.fixture
def release(installed: ChartRelease) -> ChartRelease:
    """The chart, installed by Helm under Pod Security `restricted`, both pods ready.

    One release serves all tests. A test may upgrade, break or uninstall it; the next one finds it installed anew.
    """
    installed.ensure_installed()
    return installed


@pytest.fixture
def team(kubectl: Kubectl, release: ChartRelease, pagerduty: PagerDuty, namespace: str) -> Iterator[Team]:
    """A team with a namespace and subscriptions of its own; see `Team.set_up`."""
    yield Team(kubectl, release, pagerduty, namespace)
    pagerduty.unsubscribe_all()
