"""Figures, their intervals, and when a change is refused."""

from typing import Any

import pytest

from testbed.evaluation import history
from testbed.evaluation.scoring.figures import figures_of
from testbed.evaluation.scoring.judge import Judged, judge

CAUSE = {
    "entity": "Deployment/shop/web",
    "kinds": ["rollout", "crash_loop"],
    "is_change": True,
    "also": [],
    "slices": [],
}
NOTHING = {"entity": "", "kinds": ["none"], "is_change": False, "also": [], "slices": ["no_change"]}


def answer(*ranked: tuple[str, str, float], abstained: bool = False, note: str = "") -> dict[str, Any]:
    causes = [
        {"entity": one, "kind": kind, "confidence": sure, "is_change": kind == "rollout"} for one, kind, sure in ranked
    ]
    return {"ranked": causes, "abstained": abstained, "abstain_confidence": 0.7, "note": note}


def of(base: str, number: int, truth: dict[str, Any], said: dict[str, Any]) -> Judged:
    return judge(f"{base}#{number}", truth, said)


WEB, DB = ("Deployment/shop/web", "rollout", 0.9), ("StatefulSet/shop/db", "rollout", 0.8)


def test_a_cause_that_is_named_first_counts_for_all_shares() -> None:
    found = figures_of([of("a/1", 1, CAUSE, answer(WEB, note="web was rolled out"))])
    assert [found[name].value for name in ("AC@1", "AC@3", "kind", "named in note")] == [1, 1, 1, 1]


def test_a_cause_that_is_named_second_counts_among_three_only() -> None:
    found = figures_of([of("a/1", 1, CAUSE, answer(DB, WEB))])
    assert (found["AC@1"].value, found["AC@3"].value) == (0, 1)


def test_an_abstention_names_nobody_though_it_lists_weak_candidates() -> None:
    assert figures_of([of("a/1", 1, CAUSE, answer(WEB, abstained=True))])["AC@3"].value == 0


def test_an_innocent_change_that_is_named_is_a_false_blame() -> None:
    found = figures_of([of("a/1", 1, NOTHING, answer(WEB)), of("a/2", 1, NOTHING, answer(abstained=True))])
    assert (found["abstain recall"].value, found["false blame"].value) == (0.5, 0.5)


def test_a_fault_that_is_named_where_nothing_is_to_blame_is_wrong_and_blames_no_change() -> None:
    found = figures_of([of("a/1", 1, NOTHING, answer(("Pod/shop/web", "probe", 0.5)))])
    assert (found["right first line"].value, found["false blame"].value) == (0, 0)


def test_confidence_is_held_against_what_was_right() -> None:
    found = figures_of([of("a/1", 1, CAUSE, answer(WEB)), of("a/2", 1, NOTHING, answer(abstained=True))])
    assert found["Brier"].value == pytest.approx((0.1**2 + 0.3**2) / 2)
    assert found["ECE"].value == pytest.approx((0.1 + 0.3) / 2)


def test_what_derives_from_one_base_gives_no_narrower_interval() -> None:
    once = [of(f"a/{base}", 1, CAUSE, answer(WEB if base % 2 else DB)) for base in range(20)]
    often = [each._replace(id=f"{each.id}{copy}") for each in once for copy in range(5)]
    assert figures_of(often)["AC@1"][:3] == figures_of(once)["AC@1"][:3]


def test_a_figure_without_any_answer_is_left_out() -> None:
    assert "abstain recall" not in figures_of([of("a/1", 1, CAUSE, answer(WEB))])


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [(5, 5, False), (5, 3, True), (3, 5, False), (5, 4.95, False)],
    ids=["as before", "worse", "better", "within two points"],
)
def test_a_change_is_refused_when_it_loses_more_than_two_points(before: float, after: float, refused: bool) -> None:
    bases = [f"a/{number}" for number in range(40)]
    found = history.loss({base: [before, 5] for base in bases}, {base: [after, 5] for base in bases})
    assert found is not None
    assert found.is_refused is refused


def test_a_loss_of_one_base_among_many_may_be_chance() -> None:
    before = {f"a/{number}": [5, 5] for number in range(20)}
    found = history.loss(before, before | {"a/0": [0, 5]})
    assert found is not None
    assert found.value == pytest.approx(0.05)
    assert not found.is_refused


def test_nothing_is_compared_where_no_base_is_known_to_both() -> None:
    assert history.loss({"a/1": [5, 5]}, {"b/1": [0, 5]}) is None
