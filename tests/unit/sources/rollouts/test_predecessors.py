"""What ran under names that were deleted: kept for a while, in bounds of which each namespace has its own share."""

import pytest

from noctuary.sources.kubernetes.rollouts.differences import WorkloadState
from noctuary.sources.kubernetes.rollouts.predecessors import MAX_AGE_S, MAX_KEPT, MAX_OF_NAMESPACE, Place, Predecessors
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.template import MAX_SUMMARY_BYTES

NOW = 1_800_000_000.0
SHOP = ("Deployment", "shops", "shop")


def state(template: bytes = b"") -> WorkloadState:
    return WorkloadState(Revision("r", 1, "h", 0.0, reused=False, template=template), 0.0)


def preview(number: int, namespace: str = "evil") -> Place:
    return "Deployment", namespace, f"preview-{number}"


def still_there(kept: Predecessors, places: list[Place]) -> list[Place]:
    return [place for place in places if kept.of(place, NOW) is not None]


def test_what_one_namespace_deletes_takes_no_place_of_anothers() -> None:
    kept, previews = Predecessors(), [preview(number) for number in range(2 * MAX_KEPT)]
    kept.keep(SHOP, state(), NOW)
    for place in previews:
        kept.keep(place, state(), NOW)
    assert still_there(kept, [SHOP, *previews]) == [SHOP, *previews[-MAX_OF_NAMESPACE:]]


def test_of_many_namespaces_the_fullest_loses_its_oldest() -> None:
    kept, full = Predecessors(), [preview(number, "full") for number in range(MAX_OF_NAMESPACE)]
    others = [preview(0, f"n{number}") for number in range(MAX_KEPT - MAX_OF_NAMESPACE + 2)]
    for place in (*full, *others):
        kept.keep(place, state(), NOW)
    assert still_there(kept, [*full, *others]) == [*full[2:], *others]


def test_a_name_that_is_deleted_again_counts_once() -> None:
    kept, others = Predecessors(), [preview(number, "shops") for number in range(MAX_OF_NAMESPACE - 1)]
    for place in (*others, SHOP, SHOP):
        kept.keep(place, state(), NOW)
    assert still_there(kept, [*others, SHOP]) == [*others, SHOP]


@pytest.mark.parametrize(("age_s", "is_there"), [(MAX_AGE_S, True), (MAX_AGE_S + 1, False)])
def test_what_no_lookback_reaches_is_forgotten(age_s: float, *, is_there: bool) -> None:
    kept = Predecessors()
    kept.keep(SHOP, state(), NOW - age_s)
    assert (kept.of(SHOP, NOW) is not None) is is_there
    kept.keep(preview(0), state(), NOW)
    assert (kept.of(SHOP, NOW - age_s) is not None) is is_there


@pytest.mark.parametrize(("length", "is_there"), [(MAX_SUMMARY_BYTES, True), (MAX_SUMMARY_BYTES + 1, False)])
def test_a_longer_template_than_is_summarised_now_is_not_kept(length: int, *, is_there: bool) -> None:
    kept = Predecessors()
    kept.keep(SHOP, state(), NOW)
    kept.keep(SHOP, state(b"x" * length), NOW)
    assert (kept.of(SHOP, NOW) is not None) is is_there
