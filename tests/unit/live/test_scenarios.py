"""The measurement covers what it promises: enough workloads, controls and old rollouts, in waves the machine bears."""

import pytest

from testbed.live.scenario import Scenario
from testbed.live.scenarios import ALL
from testbed.live.waves import WAVE_PODS, batches

NAMES = {"app": "web-17", "callee": "cart-17", "namespace": "team-17"}
LEAST_WORKLOADS = 60
LEAST_CONTROLS = 8


def test_there_are_enough_workloads_controls_and_old_rollouts() -> None:
    assert len(ALL) >= LEAST_WORKLOADS
    assert sum(each.is_control for each in ALL) >= LEAST_CONTROLS
    assert sum(each.age for each in ALL) * 3 >= len(ALL)


def test_every_workload_has_a_name_of_its_own() -> None:
    assert len({each.name for each in ALL}) == len(ALL)


def test_every_workload_is_in_one_wave_of_a_size_that_two_cores_bear() -> None:
    planned = [wave for batch in batches(ALL) for wave in batch]
    assert sorted(each.name for wave in planned for each in wave) == sorted(each.name for each in ALL)
    assert [wave for wave in planned if sum(each.pods for each in wave) > WAVE_PODS] == []


def test_old_rollouts_age_together_and_no_fresh_one_waits_for_them() -> None:
    aged = [{each.age for wave in batch for each in wave} for batch in batches(ALL)]
    assert aged == [{True}] + [{False}] * (len(aged) - 1)


@pytest.mark.parametrize("scenario", ALL, ids=[each.name for each in ALL])
def test_an_alert_does_not_tell_the_cause(scenario: Scenario) -> None:
    alert = scenario.alert.format_map({**NAMES, "app": "x"}).lower()
    says = [word for group in scenario.truth.says for word in group.format_map(NAMES).lower().split("|")]
    assert [word for word in says if word in alert and not word.isdigit()] == []


@pytest.mark.parametrize("scenario", [each for each in ALL if not each.is_control], ids=lambda each: each.name)
def test_every_cause_has_words_that_name_it(scenario: Scenario) -> None:
    assert scenario.truth.says
