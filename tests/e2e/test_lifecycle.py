"""The ends of things: a namespace deleted while nobody looks, an uninstall with its hook, and what is kept."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from testbed.e2e.kubectl import CommandFailedError, Kubectl
from testbed.e2e.release import CRD, NAME, OPERATOR, ChartRelease
from testbed.e2e.team import KIND, Team
from testbed.polling import eventually

Progress = Callable[[str], None]
OF_KUBERNETES = {"ServiceAccount/default", "ConfigMap/kube-root-ca.crt", "Secret/test-host"}
CLUSTER_WIDE = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
KINDS = (
    "deployments,statefulsets,services,secrets,serviceaccounts,roles,rolebindings,configmaps,jobs,pods,leases,"
    "networkpolicies,ingresses,httproutes,persistentvolumeclaims"
)
CLAIM = f"PersistentVolumeClaim/store-{NAME}-receiver-0"


LEASES = {"Lease/noctuary-operator", "Lease/noctuary-kubernetes-source"}


def left(release: ChartRelease) -> set[str]:
    """Name what is in the release's namespace beside what Kubernetes and the test made."""
    items = release.kubectl.list(KINDS, release.namespace)
    return {f"{each['kind']}/{each['metadata']['name']}" for each in items} - OF_KUBERNETES


def clusterwide(release: ChartRelease) -> list[str]:
    names = release.kubectl("get", CLUSTER_WIDE, "--output=name").split()
    return [name for name in names if release.namespace in name]


def children(kubectl: Kubectl, key: str) -> list[dict[str, Any]]:
    """Return everything anywhere that belongs to one integration."""
    return kubectl.list("secrets,ingresses,httproutes", selector=f"noctuary.io/integration-id={key}")


def test_a_namespace_deleted_while_the_operator_is_away_leaves_nothing(team: Team) -> None:
    release, kubectl = team.release, team.kubectl
    team.set_up(["shop"])
    key = team.id()
    kinds = sorted(each["kind"] for each in children(kubectl, key))
    assert kinds == ["Ingress", "Secret", "Secret"], "record, webhook Secret and route"
    release.scale(OPERATOR, 0)
    kubectl("delete", "namespace", team.namespace, "--timeout=120s")
    assert children(kubectl, key), "what is in the release's namespace waits for the operator"
    release.scale(OPERATOR, 1)
    assert eventually("the answer is right", lambda: children(kubectl, key), lambda found: not found) == []


def test_pods_that_are_deleted_come_back_to_the_same_state(team: Team) -> None:
    team.set_up(["shop"])
    before = team.webhook_secret()
    for component in ("operator", "receiver"):
        team.release.kill(component)
    team.release.wait_until_rolled_out()
    incident = team.pagerduty.trigger("shop", "shop: after the crash")
    team.pagerduty.advance(60)
    assert "noctuary ref nct:" in team.pagerduty.note(incident)
    assert len(team.pagerduty.notes(incident)) == 1
    assert team.webhook_secret() == before


@pytest.mark.timeout(300)
def test_a_release_is_uninstalled_without_a_trace_but_what_is_kept_and_installed_again(
    team: Team, progress: Progress
) -> None:
    release, kubectl = team.release, team.kubectl
    team.set_up(["shop"])
    before = team.webhook_secret()
    release.uninstall()
    progress(f"helm uninstall took {release.seconds['uninstall']:.0f} s")
    assert eventually("the answer is right", lambda: left(release), lambda found: found == {CLAIM}) == {CLAIM}
    assert clusterwide(release) == []
    assert kubectl.find("crd", CRD, "default") is not None
    assert team.webhook_secret() == before, "the user's Secret stays with the integration"
    release.install()
    team.wait_ready()
    assert team.webhook_secret()["url"] == before["url"], "the subscription in PagerDuty needs no change"
    assert "noctuary ref nct:" in team.pagerduty.note(team.pagerduty.trigger("shop", "shop: after installing again"))


@pytest.mark.timeout(300)
def test_uninstalling_needs_no_operator_and_what_it_left_can_be_deleted_without_it(team: Team) -> None:
    release = team.release
    team.set_up(["shop"])
    release.scale(OPERATOR, 0)
    release.uninstall()
    assert eventually("the answer is right", lambda: left(release), lambda found: found == {CLAIM}) == {CLAIM}
    team.kubectl("delete", KIND, team.name, f"--namespace={team.namespace}", "--timeout=60s")
    assert eventually("the answer is right", team.webhook_secret, lambda found: not found) == {}


@pytest.mark.timeout(300)
def test_helm_4_uninstalls_what_helm_3_installed_and_installs_it_as_well(team: Team) -> None:
    newer = replace(team.release, program=team.kubectl.facts.helm4)
    team.set_up(["shop"])
    before = team.webhook_secret()
    newer.uninstall()
    assert eventually("the answer is right", lambda: left(newer), lambda found: found == {CLAIM}) == {CLAIM}
    newer.install()
    team.wait_ready()
    assert team.webhook_secret()["url"] == before["url"]
    newer.uninstall()
    assert eventually("the answer is right", lambda: left(newer), lambda found: found == {CLAIM}) == {CLAIM}


@pytest.mark.timeout(300)
def test_a_release_of_the_previous_chart_is_upgraded_with_its_integrations(team: Team) -> None:
    release = team.release
    release.uninstall()
    release.clear()
    release.install_previous()
    team.set_up(["shop"])
    before = team.webhook_secret()
    release.upgrade()
    team.wait_ready()
    assert team.webhook_secret() == before
    assert "noctuary ref nct:" in team.pagerduty.note(team.pagerduty.trigger("shop", "shop: after the upgrade"))


@pytest.mark.timeout(300)
def test_a_clean_up_that_cannot_start_ends_in_an_error_and_not_in_a_hang(
    release: ChartRelease, progress: Progress
) -> None:
    release.helm("upgrade", NAME, *release.arguments(image={"tag": "never-built"}, cleanup={"timeoutSeconds": 30}))
    began = time.monotonic()
    with pytest.raises(CommandFailedError, match="DeadlineExceeded"):
        release.uninstall()
    progress(f"helm uninstall gave up after {time.monotonic() - began:.0f} s, as cleanup.timeoutSeconds (30) says")
    release.uninstall("--no-hooks")
    assert release.helm("list", "--short", "--all") == ""
    unclean = {f"Job/{NAME}-cleanup", "Secret/noctuary-internal", *LEASES}
    stays = eventually("the answer is right", lambda: left(release), lambda found: found <= {CLAIM, *unclean})
    assert CLAIM in stays


@pytest.mark.timeout(300)
def test_the_claim_goes_with_the_release_where_it_is_not_to_be_retained(installed: ChartRelease) -> None:
    installed.clear()
    installed.install(receiver={"persistence": {"retain": False}})
    installed.uninstall()
    assert eventually("the answer is right", lambda: left(installed), lambda found: not found) == set()
