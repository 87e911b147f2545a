"""The operator as a process of its own, under its own account, and a team that writes manifests."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed.localkube import Cluster
from testbed.operating.team import OperatorProcess, Team, TeamOf, running, temporary_namespace


@pytest.fixture(scope="module")
def operator(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """An operator that the tests of a module share."""
    with running(cluster, tmp_path_factory.mktemp("operator")) as process:
        yield process


@pytest.fixture
def own_operator(cluster: Cluster, tmp_path: Path) -> Iterator[OperatorProcess]:
    """An operator that the test may stop and kill."""
    with running(cluster, tmp_path) as process:
        yield process


@pytest.fixture
def start_operator(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., OperatorProcess]]:
    """Starts an operator with settings of the test's own, for all namespaces or for those it is given."""
    with contextlib.ExitStack() as stack:
        yield lambda watched=(), **settings: stack.enter_context(running(cluster, tmp_path, watched, **settings))


@pytest.fixture
def team_of(cluster: Cluster) -> Iterator[Callable[..., Team]]:
    """Makes a team with an API token and a signing secret."""
    with contextlib.ExitStack() as stack:

        def make(process: OperatorProcess, namespace: str | None = None) -> Team:
            own = namespace or stack.enter_context(temporary_namespace(cluster, "team"))
            team = Team(cluster, process.namespace, own)
            team.store("pagerduty", token="u+canary-api-token")
            team.store("signing", secret="canary-signing-secret")
            return team

        yield make


@pytest.fixture
def team(operator: OperatorProcess, team_of: TeamOf) -> Team:
    """A team served by the shared operator."""
    return team_of(operator)
