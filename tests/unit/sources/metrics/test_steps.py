"""Where a signal left its usual level; noise, spikes now and then and single blips are no step."""

import pytest

from noctuary.sources.metrics.steps import find_step
from tests.unit.sources.metrics.signals_of_a_service import BEGIN, COUNT, growing, noise, points, rare, stepped

STEADY = noise(1, 100, 5)


@pytest.mark.parametrize("minute", [8, 40, 55, COUNT - 2])
def test_a_step_is_dated_by_the_first_point_of_its_new_level(minute: int) -> None:
    step = find_step(points(stepped(STEADY, minute, 60)))
    assert step is not None
    assert step.at == BEGIN + 60 * minute
    assert (step.until, step.is_gradual) == (None, False)
    assert 95 < step.before < 105 < 150 < step.after < 170


def test_one_that_is_over_says_until_when() -> None:
    step = find_step(points(stepped(STEADY, 40, 300, until=48)))
    assert step is not None
    assert (step.at, step.until) == (BEGIN + 40 * 60, BEGIN + 48 * 60)
    assert step.after > 350


def test_what_grows_for_long_is_no_step_and_is_dated_by_its_beginning() -> None:
    step = find_step(points(growing(STEADY, 20, 8)))
    assert step is not None
    assert step.is_gradual
    assert BEGIN + 20 * 60 <= step.at <= BEGIN + 32 * 60


@pytest.mark.parametrize("level", [5.0, 0.0])
def test_a_flat_signal_has_none(level: float) -> None:
    assert find_step(points(lambda _: level)) is None


@pytest.mark.parametrize("seed", range(40))
def test_errors_that_come_by_chance_are_seldom_one(seed: int) -> None:
    step = find_step(points(rare(seed, 0.002)))
    assert step is None or step.after < 0.02


def test_a_single_point_is_a_blip_of_the_scrape() -> None:
    assert find_step(points(stepped(STEADY, 30, 500, until=31))) is None


def test_the_same_spike_every_quarter_of_an_hour_is_usual() -> None:
    assert find_step(points(lambda minute: 50.0 if minute % 15 < 2 else 5.0)) is None


def test_a_difference_below_the_least_is_none() -> None:
    shape = stepped(lambda _: 0.0, 40, 0.004)
    assert find_step(points(shape), least=0.005) is None
    assert find_step(points(shape), least=0.003) is not None


def test_what_comes_after_the_time_that_counts_is_not_looked_at() -> None:
    assert find_step(points(stepped(STEADY, 50, 100)), until=BEGIN + 45 * 60) is None


def test_too_few_points_say_nothing() -> None:
    assert find_step(points(stepped(lambda _: 1.0, 3, 100), count=5)) is None
