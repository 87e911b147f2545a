"""Services that find only old pods, or only pods that are not ready."""

import pytest

from noctuary.sources.kubernetes.specs.checks.empty_service import empty_service
from noctuary.sources.kubernetes.specs.checks.network.drifted_service import drifted_service
from noctuary.sources.kubernetes.specs.checks.network.unready_service import unready_service
from tests.unit.sources.specs.spec_place import (
    AGE_S,
    Manifest,
    age_of,
    deployment,
    endpoints,
    found_by,
    place,
    pods,
    rolled_out,
    service,
)

OLD = deployment("pay", {"app": "pay", "tier": "a"})
NEW = rolled_out(OLD, 120, labels={"app": "pay", "tier": "b"})
BY_TIER = service("pay", {"app": "pay", "tier": "a"})
BY_APP = service("pay", {"app": "pay"})
BOTH = [*NEW, *pods(OLD), *pods(NEW)]


def test_a_service_that_finds_only_the_old_pods_of_a_rollout_is_told_since_the_rollout() -> None:
    (event,) = drifted_service(place([BY_TIER, *BOTH], "pay"))
    assert (event.details["selector"], event.details["instead"], event.details["workload"]) == (
        "tier=a",
        "tier=b",
        "pay",
    )
    assert age_of(event) == 120


@pytest.mark.parametrize(
    "objects",
    [
        [BY_APP, *BOTH],
        [BY_TIER, *OLD, *pods(OLD)],
        [service("pay", {"pod-template-hash": "h1"}), *BOTH],
        [BY_TIER, *BOTH, *deployment("pay-2", {"app": "pay", "tier": "a"})],
    ],
    ids=["by the label that stays", "no rollout", "by the hash of a template", "another workload's template"],
)
def test_a_service_finds_new_pods_or_is_not_meant_to(objects: list[Manifest]) -> None:
    assert found_by(drifted_service, place(objects, "pay")) == []


def test_a_service_whose_last_old_pod_is_gone_selects_nothing() -> None:
    where = place([BY_TIER, *NEW, *pods(NEW)], "pay")
    assert found_by(drifted_service, where) == []
    assert len(found_by(empty_service, where)) == 1


def test_a_service_without_a_ready_pod_is_told_of_its_workload() -> None:
    (event,) = unready_service(place([BY_APP, *OLD, *pods(OLD, 2, ready=False)], "pay"))
    assert event.object is not None
    assert (event.object.kind, event.object.name) == ("Deployment", "pay")
    assert (event.details["backend"], event.details["count"], age_of(event)) == ("pay", "2", AGE_S)


@pytest.mark.parametrize(
    "objects",
    [
        [BY_APP, *OLD, *pods(OLD)],
        [BY_APP, *OLD],
        [service("pay", {"app": "pay"}, publishNotReadyAddresses=True), *OLD, *pods(OLD, ready=False)],
        [BY_APP, *OLD, *pods(OLD, ready=False), endpoints("pay", True)],
        [service("x", {"app": "x"}), *OLD, *pods(OLD, ready=False)],
    ],
    ids=["a ready pod", "no pod", "unready pods are published", "a pod that was not read is ready", "other pods"],
)
def test_a_service_has_a_ready_pod_or_needs_none(objects: list[Manifest]) -> None:
    assert found_by(unready_service, place(objects, "pay")) == []
