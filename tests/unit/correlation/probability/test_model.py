"""All candidates, what was not seen and none of these share what is certain."""

from typing import Any

import msgspec
import pytest

from noctuary.correlation.correlate import LEAST_PROBABILITY, MAX_CAUSES
from noctuary.correlation.probability.features import FEATURES
from noctuary.correlation.probability.unseen import LACKS
from noctuary.correlation.probability.weights import shipped_weights
from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Diagnosis, PodView, Relation, ServiceView, Subject, Verdict
from testbed.correlation_world import (
    ONSET,
    OWN,
    POSTGRES,
    diagnose,
    event,
    fault,
    named,
    node,
    pod,
    posted,
    ranked,
    rollout,
    scaling,
)

READY = [pod("new")]


def total(found: Diagnosis) -> float:
    told = sum(cause.probability or 0.0 for cause in ranked(found))
    doubted = sum(aside.probability for aside in found.set_aside)
    return told + doubted + (found.none_probability or 0.0) + found.unseen_probability


def chance(found: Diagnosis) -> float:
    return ranked(found)[0].probability or 0.0


def releases(count: int, first_s: float, apart_s: float) -> tuple[list[ContextEvent], list[PodView], list[ServiceView]]:
    names = [f"s{number}" for number in range(count)]
    return (
        [rollout(first_s + apart_s * number, "t", name) for number, name in enumerate(names)],
        [pod("t", workload=name) for name in names],
        [OWN, *(ServiceView(name, Relation.OWN, "team", ["payments"]) for name in names)],
    )


WORLDS: dict[str, list[ContextEvent]] = {
    "nothing": [],
    "one release": [rollout(120)],
    "a release that crashes": [rollout(120), fault(100, last=0)],
    "a release, a node and a flag": [rollout(300), node(200), posted(EventType.FLAG_CHANGE, 100)],
    "what an autoscaler did": [posted(EventType.SCALE_EVENT, 120)],
    "scaled down and a crash": [scaling(200, "3", "1"), fault(60, template="old", last=0)],
}


@pytest.mark.parametrize("events", WORLDS.values(), ids=WORLDS)
def test_all_probabilities_sum_to_one(events: list[ContextEvent]) -> None:
    assert total(diagnose(events, READY)) == pytest.approx(1.0, abs=0.001)


def test_twelve_equally_young_releases_share_little_and_none_is_named() -> None:
    events, pods, services = releases(12, 600, 1)
    found = diagnose(events, pods, services=services)
    assert (found.verdict, len(found.weak)) == (Verdict.NOTHING_RELEVANT, 12)
    assert max(cause.probability or 0.0 for cause in found.weak) < 0.1
    assert total(found) == pytest.approx(1.0, abs=0.001)


def test_one_release_seconds_before_the_alert_is_named_though_its_pods_are_ready() -> None:
    found = diagnose([rollout(5)], READY)
    assert (named(found), counts_as_likely(found.causes[0])) == ("rollout pay new", False)


def test_one_of_forty_releases_is_named_where_it_came_seconds_before_the_graph_moved() -> None:
    events, pods, services = releases(40, 100, 85)
    found = diagnose([*events, rollout(20)], [*pods, *READY], services=services, is_onset_dated=True)
    assert named(found) == "rollout pay new"


def test_a_release_seconds_before_what_another_system_saw_is_likelier_than_one_of_minutes_before() -> None:
    errors = posted(EventType.DEPENDENCY_FAILURE, 300, entity="cart", new_value="503")
    near, far = (diagnose([rollout(at), errors], READY) for at in (310, 900))
    assert chance(near) > chance(far)


AGES = [20, 60, 120, 300, 600, 1200, 2400, 3500]


@pytest.mark.parametrize("is_dated", [True, False])
def test_the_longer_ago_a_release_was_the_less_probable_it_is(*, is_dated: bool) -> None:
    chances = [chance(diagnose([rollout(at)], READY, is_onset_dated=is_dated)) for at in AGES]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > LEAST_PROBABILITY > chances[-1]


def test_a_lone_release_of_half_an_hour_ago_is_not_named_while_nothing_points_at_it() -> None:
    found = diagnose([rollout(1800)], READY)
    assert (found.causes, [cause.change is not None for cause in found.weak]) == ([], [True])
    assert (found.none_probability or 0.0) > 0.6


@pytest.mark.parametrize(("minimum", "is_named"), [(0.0, True), (0.3, True), (0.9, False)])
def test_the_minimum_confidence_is_held_against_the_probability(minimum: float, *, is_named: bool) -> None:
    assert bool(diagnose([rollout(120)], READY, minimum_score=minimum).causes) is is_named


def test_no_minimum_confidence_names_what_is_less_probable_than_the_least() -> None:
    assert not diagnose([rollout(1800)], READY, minimum_score=0.0).causes


LACKING: dict[str, dict[str, Any]] = {
    "no pod was read": {"pods": None},
    "its pods were not read": {"unread_services": ["pay"]},
    "nothing was ever heard of it": {"last_event_at": None},
}


@pytest.mark.parametrize("lack", LACKING.values(), ids=LACKING)
def test_what_was_not_read_makes_it_less_sure_that_nothing_explains_it(lack: dict[str, Any]) -> None:
    known: dict[str, Any] = {"pods": [pod("old")], "last_event_at": 1.0}
    whole, partly = diagnose([], **known), diagnose([], **known | lack)
    assert (partly.none_probability or 0.0) < (whole.none_probability or 0.0)


def test_what_is_only_a_symptom_is_never_likely_whatever_else_there_is() -> None:
    found = diagnose([fault(100, template="old", last=0)], [pod("old", ready=False)])
    assert not counts_as_likely(found.causes[0])


def test_what_fails_of_one_workload_is_one_answer() -> None:
    reasons = ["OOMKilled", "ImagePullBackOff", "CreateContainerConfigError", "FailedScheduling"]
    found = diagnose([fault(100, reason, f"t{n}", last=0) for n, reason in enumerate(reasons)])
    assert (len(found.causes), len(found.causes[0].faults)) == (1, 4)
    assert counts_as_likely(found.causes[0])


def test_at_most_three_causes_are_named_among_many() -> None:
    events = [fault(100, "OOMKilled", "old", workload=name) for name in ("pay", "postgres", *"abcd")]
    services = [OWN, POSTGRES, *(ServiceView(name, Relation.DEPENDENCY, "team", ["payments"]) for name in "abcd")]
    assert len(diagnose([rollout(120), fault(90), *events], services=services).causes) <= MAX_CAUSES


def test_a_change_that_was_set_aside_keeps_the_doubt_that_is_left() -> None:
    (aside,) = diagnose([posted(EventType.SCALE_EVENT, 60)], READY).set_aside
    assert 0 < aside.probability < LEAST_PROBABILITY


def test_what_came_after_the_alert_has_no_probability() -> None:
    (aside,) = diagnose([rollout(-60)], READY).set_aside
    assert aside.probability == 0


def test_the_odds_of_a_cause_are_told_term_by_term_each_in_words() -> None:
    odds = diagnose([rollout(120), fault(100, last=0)]).causes[0].odds
    assert {term.name for term in odds} >= {"is_change", "prior", "symptoms", "closeness"}
    assert all(term.why for term in odds)


def test_every_feature_has_a_weight_and_every_weight_a_feature() -> None:
    weights = shipped_weights()
    assert [feature.name for feature in FEATURES] == list(dict.fromkeys(feature.name for feature in FEATURES))
    assert set(weights.features) == {feature.name for feature in FEATURES}
    assert set(weights.unseen) == {lack.name for lack in LACKS}


def test_the_weights_say_where_they_come_from() -> None:
    assert {"examples", "command", "fitted_at"} <= set(shipped_weights().provenance)


PAY = Subject("Deployment", "payments", "pay")


def test_what_was_measured_and_stayed_as_it_was_is_less_probable() -> None:
    measured, unknown = (diagnose([rollout(120)], READY, measured=each) for each in ([PAY], []))
    assert chance(measured) < chance(unknown)


def test_a_release_whose_pods_were_never_ready_for_minutes_is_more_probable_than_one_that_only_starts() -> None:
    stuck, starting = (
        diagnose([rollout(400)], [pod("old"), pod("new", ready=False, created_at=ONSET - age)]) for age in (390, 20)
    )
    assert chance(stuck) > chance(starting)


def test_beside_what_tells_by_itself_what_is_wrong_a_release_is_less_probable() -> None:
    release, killed = rollout(120), fault(300, "OOMKilled", "old", last=0)
    pods = [pod("old", ready=False), pod("new", 1)]
    alone, beside = diagnose([release], pods), diagnose([release, killed], pods)
    (told,) = [cause for cause in ranked(beside) if cause.change is not None]
    assert named(beside) == "out_of_memory pay"
    assert (told.probability or 0.0) < chance(alone) / 2


def errors_rose(at: float) -> ContextEvent:
    told = {details.REASON: "ErrorsRose", details.LEVEL_BEFORE: "0.01", details.LEVEL_AFTER: "0.3"}
    rose = event("Deployment", "pay", EventType.DEPENDENCY_FAILURE, at, told, last=0)
    return msgspec.structs.replace(rose, source="prometheus")


@pytest.mark.parametrize(("felt_s", "is_named"), [(900, False), (290, True), (300, True)])
def test_a_release_after_the_graph_had_moved_is_not_to_blame(felt_s: float, *, is_named: bool) -> None:
    found = diagnose([rollout(300), errors_rose(felt_s)], READY, measured=[PAY])
    assert bool(found.causes) is is_named


def test_where_it_was_felt_again_since_the_release_is_not_ruled_out_by_what_was_felt_before() -> None:
    latency = msgspec.structs.replace(errors_rose(280), id="again", details={details.REASON: "LatencyRose"})
    found = diagnose([rollout(300), errors_rose(900), latency], READY, measured=[PAY])
    assert named(found) == "rollout pay new"
