"""What the API server may refuse or lose while the operator works: it says so, waits, and ends only when told."""

from collections.abc import Callable, Iterator

import pytest

from testbed.localkube import Cluster, LocalKube
from testbed.operating.team import OperatorProcess, TeamOf
from testbed.polling import eventually
from testbed.stage.release import CRDS

ACCOUNT = "noctuary-operator"
CRD = "pagerdutyintegrations.noctuary.io"


@pytest.fixture
def own_control_plane(cluster: Cluster) -> LocalKube:
    if not isinstance(cluster, LocalKube):
        pytest.skip("needs a control plane that may be restarted")
    return cluster


@pytest.fixture
def crd_to_lose(own_control_plane: LocalKube) -> Iterator[Callable[[], None]]:
    """Deletes our CRD; it is there again after the test."""

    def lose() -> None:
        own_control_plane.kubectl("delete", "crd", CRD)

    yield lose
    install_crds(own_control_plane)


def install_crds(cluster: Cluster) -> None:
    for path in CRDS:
        cluster.kubectl("apply", "--server-side", "-f", str(path))
    cluster.kubectl("wait", "--for=condition=Established", "crd", CRD, "--timeout=60s")


def says(operator: OperatorProcess, sentence: str) -> None:
    eventually(f"the operator says: {sentence}", lambda: sentence in operator.log.read_text())


def serves(team_of: TeamOf, operator: OperatorProcess, name: str) -> None:
    team = team_of(operator)
    team.apply(name)
    team.settled(name, "AwaitingFirstWebhook")
    team.kubectl("delete", "secret", "signing")
    team.settled(name, "SigningSecretMissing")


def ends_when_told(operator: OperatorProcess) -> None:
    assert operator.is_running()
    assert "Traceback" not in operator.log.read_text()
    assert operator.stop() == 0


def spoil_the_file(control_plane: LocalKube, release: str) -> str:
    """Put something else into the token's file, as a cut-off write does; return the token."""
    token = control_plane.token_path(release, ACCOUNT).read_text()
    control_plane.write_token(release, ACCOUNT, "spoilt")
    return token


def lose_the_file(control_plane: LocalKube, release: str) -> str:
    """Take the token's file away, as while a volume is mounted anew; return the token."""
    path = control_plane.token_path(release, ACCOUNT)
    token = path.read_text()
    path.unlink()
    return token


def revoke_the_token(control_plane: LocalKube, release: str) -> str:
    """Make the ServiceAccount anew, which ends its tokens; return another one."""
    control_plane.kubectl("-n", release, "delete", "serviceaccount", ACCOUNT)
    control_plane.kubectl("-n", release, "create", "serviceaccount", ACCOUNT)
    return control_plane.create_token(release, ACCOUNT)


@pytest.mark.parametrize(
    ("refuse", "words"), [(spoil_the_file, "401"), (lose_the_file, "NoLogin"), (revoke_the_token, "401")]
)
def test_a_refused_token_is_waited_out_until_a_good_one_is_in_its_file(
    own_control_plane: LocalKube,
    own_operator: OperatorProcess,
    team_of: TeamOf,
    refuse: Callable[[LocalKube, str], str],
    words: str,
) -> None:
    release = own_operator.namespace
    serves(team_of, own_operator, "first")
    good = refuse(own_control_plane, release)
    own_control_plane.restart_apiserver()  # watches that are open are never asked for their token again
    says(own_operator, words)
    says(own_operator, "The operator begins again")
    own_control_plane.write_token(release, ACCOUNT, good)
    serves(team_of, own_operator, "second")
    ends_when_told(own_operator)


def test_a_crd_that_is_deleted_is_waited_for_and_what_it_held_is_cleaned_up(
    own_control_plane: LocalKube, own_operator: OperatorProcess, team_of: TeamOf, crd_to_lose: Callable[[], None]
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_ = team.id("payments")
    crd_to_lose()
    says(own_operator, "CRD cannot be listed yet, waiting")
    install_crds(own_control_plane)
    serves(team_of, own_operator, "later")
    eventually("the record of what is gone", lambda: team.record(id_) is None)
    ends_when_told(own_operator)
