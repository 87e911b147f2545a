"""Stamps of a recording are moved to when a scenario tells that they happened."""

from datetime import UTC, datetime

import pytest

from testbed.evaluation.recording.place import difference
from testbed.evaluation.recording.times import Script, written

REAL = datetime(2027, 5, 1, 12, 0, tzinfo=UTC).timestamp()


@pytest.fixture
def script() -> Script:
    made = Script()
    made.begin(REAL, -3600.0)
    made.begin(REAL + 10, -60.0)
    return made


def stamp(after: float) -> str:
    return datetime.fromtimestamp(REAL + after, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("stamped", "told"),
    [(-2, -3600), (0, -3600), (3, -3597), (10, -60), (14, -56)],
    ids=["before the first step", "with the first step", "after it", "with the second", "after that"],
)
def test_a_stamp_keeps_its_distance_from_the_step_that_it_belongs_to(
    script: Script, stamped: float, told: float
) -> None:
    assert script.rewrite({"time": stamp(stamped)}) == {"time": written(told)}


def test_no_stamp_is_moved_beyond_the_next_step() -> None:
    script = Script()
    script.begin(REAL, -62.0)
    script.begin(REAL + 10, -60.0)
    assert script.told(REAL + 9) < -60.0


def test_times_that_a_scenario_wrote_itself_stay(script: Script) -> None:
    assert script.rewrite([written(-5)]) == [written(-5)]


def test_text_that_holds_a_time_stays(script: Script) -> None:
    assert script.rewrite(f"seen at {stamp(3)}") == f"seen at {stamp(3)}"


def test_steps_go_forward(script: Script) -> None:
    with pytest.raises(ValueError, match="cannot follow"):
        script.begin(REAL + 20, -90.0)


def test_what_a_hand_writes_is_only_what_it_changes() -> None:
    before = {"spec": {"replicas": 2, "image": "a", "gone": 1}, "kind": "Deployment"}
    after = {"spec": {"replicas": 2, "image": "b"}, "kind": "Deployment"}
    assert difference(before, after) == {"spec": {"image": "b", "gone": None}}
