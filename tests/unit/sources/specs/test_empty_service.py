"""Services that select nothing: when it is told, of whom, since when, and when it is none of anybody's business."""

from typing import Any

import pytest

from noctuary.sources.kubernetes.specs.checks.empty_service import empty_service
from tests.unit.sources.specs.spec_place import (
    age_of,
    deployment,
    endpoints,
    found_by,
    place,
    pods,
    rolled_out,
    service,
    written,
)

PAY = deployment("pay", {"app": "pay", "tier": "front"})
WRONG = service("pay", {"app": "pay", "tier": "back"}, meta=written("selector", 120))
LONE_POD = {"kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "uid": "p", "labels": {"app": "x"}}}

TOLD: list[tuple[str, list[dict[str, Any]], list[str], str]] = [
    ("one whose selector asks for another label", [WRONG, *PAY, *pods(PAY)], ["pay"], "Service/pay pay"),
    ("one of another name, by the labels that it selects", [service("web", {"app": "pay", "tier": "x"}), *PAY], ["pay"],
     "Service/web pay"),
    ("one that is called as its workload, but for what Services are called", [service("pay-svc", {"app": "py"}), *PAY],
     ["pay"], "Service/pay-svc pay"),
    ("one whose mapping goes by labels", [service("web", {"app": "pay", "tier": "x"}), *PAY], ["p app=pay"],
     "Service/web p"),
    ("one without any workload", [service("pay", {"app": "gone"})], ["pay"], "Service/pay pay"),
]  # fmt: skip
QUIET: list[tuple[str, list[dict[str, Any]]]] = [
    ("it finds pods", [service("pay", {"app": "pay"}), *PAY, *pods(PAY)]),
    ("it finds a workload at zero", [service("pay", {"app": "z"}), *deployment("pay", {"app": "z"}, replicas=0)]),
    ("it finds a pod of no workload", [service("pay", {"app": "x"}), *PAY, LONE_POD]),
    ("it has no selector", [service("pay", None), *PAY]),
    (
        "it is an external name",
        [service("pay", {"app": "x"}, type="ExternalName", externalName="db.org"), *PAY],
    ),
    ("it is being deleted", [service("pay", {"app": "x"}, meta={"deletionTimestamp": "2027-01-15T07:59:00Z"}), *PAY]),
    ("it is of another service", [service("search", {"app": "search"}), *PAY, *pods(PAY)]),
]


@pytest.mark.parametrize(("objects", "services", "told"), [case[1:] for case in TOLD], ids=[case[0] for case in TOLD])
def test_a_service_that_selects_nothing_is_told(objects: list[dict[str, Any]], services: list[str], told: str) -> None:
    assert [name for name, _ in found_by(empty_service, place(objects, *services))] == [told]


@pytest.mark.parametrize("objects", [case[1] for case in QUIET], ids=[case[0] for case in QUIET])
def test_a_service_is_not_said_to_select_nothing_where(objects: list[dict[str, Any]]) -> None:
    assert found_by(empty_service, place(objects, "pay")) == []


def test_it_is_told_what_the_selector_asks_for_and_what_pods_carry_instead() -> None:
    ((_, facts),) = found_by(empty_service, place([WRONG, *PAY, *pods(PAY)], "pay"))
    assert (facts["selector"], facts["instead"], facts["workload"]) == ("tier=back", "tier=front", "pay")


def test_it_stands_so_since_its_selector_was_written() -> None:
    (event,) = empty_service(place([WRONG, *PAY], "pay"))
    assert age_of(event) == 120


def test_it_stands_so_since_a_rollout_took_the_label_away_from_the_pods() -> None:
    now = rolled_out(rolled_out(PAY, 300, labels={"app": "pay", "tier": "new"}), 60, terminationGracePeriodSeconds=5)
    (event,) = empty_service(place([service("pay", {"app": "pay", "tier": "front"}), *now], "pay"))
    assert age_of(event) == 300


@pytest.mark.parametrize(("slices", "told"), [([endpoints("pay")], 1), ([endpoints("pay", False)], 0), ([], 0)])
def test_where_pods_were_read_by_label_only_empty_slices_show_that_it_finds_none(slices: list[Any], told: int) -> None:
    where = place([service("pay", {"app": "gone"}), *slices], "pay app=pay", selectors=["app=pay"])
    assert len(found_by(empty_service, where)) == told


def test_nothing_is_said_where_services_are_not_shown_to_us() -> None:
    assert found_by(empty_service, place([WRONG, *PAY], "pay", unread=["services"])) == []
