"""The recorded incidents: what derives from them, and what is taken away from them."""

import json
from collections import Counter

import pytest

from noctuary_cli.replay.bundle import bundle_of
from testbed.evaluation.ablations import ABLATIONS, shuffled_times
from testbed.evaluation.bundles import DIRECTORY, Json, read_bundles
from testbed.evaluation.derive import DERIVED, versions
from testbed.evaluation.recording.place import MOVING, is_done
from testbed.evaluation.registry import SCENARIOS
from testbed.evaluation.run import CHECK, FIT, TRUTH, part_of
from testbed.evaluation.scenario import SLICES
from testbed.evaluation.truths import LABELS, truths

MAX_BYTES = 15_000_000
NEEDED = {"louder": 30, "forty": 5, "logs": 15, "metrics": 10, "no_change": 40}


@pytest.fixture(scope="module")
def recorded() -> dict[str, Json]:
    return {each["id"]: each for each in read_bundles()}


@pytest.fixture(scope="module")
def one(recorded: dict[str, Json]) -> Json:
    base = "images/tag-mistyped"
    return recorded[base] | {TRUTH: truths()[base]}


def test_each_scenario_is_recorded_and_each_recording_has_its_scenario(recorded: dict[str, Json]) -> None:
    assert sorted(recorded) == sorted(each.id for each in SCENARIOS)


def test_there_are_as_many_scenarios_of_each_sort_as_figures_need() -> None:
    counted = Counter(name for each in SCENARIOS for name in each.label.slices)
    assert set(counted) <= set(SLICES)
    assert {name: counted[name] for name, least in NEEDED.items() if counted[name] < least} == {}
    assert counted["several"] + counted["canary"] >= 15


def test_labels_beside_the_bundles_are_those_of_the_definitions() -> None:
    assert json.loads(LABELS.read_text()) == truths()


def test_a_bundle_does_not_hold_its_truth(recorded: dict[str, Json]) -> None:
    assert [name for name, each in recorded.items() if TRUTH in each] == []


def test_a_recording_shows_no_time_of_the_day_it_was_made(recorded: dict[str, Json]) -> None:
    years = {stamp["metadata"]["creationTimestamp"][:7] for each in recorded.values() for stamp in each["objects"]}
    assert years <= {"2026-02", "2026-03"}


def test_no_recording_ends_while_a_controller_is_at_work(recorded: dict[str, Json]) -> None:
    unfinished = {
        name: obj["metadata"]["name"]
        for name, each in recorded.items()
        for obj in each["objects"]
        if obj["kind"] in MOVING and not is_done(obj)
    }
    assert unfinished == {}


def test_the_recordings_are_small() -> None:
    assert sum(path.stat().st_size for path in DIRECTORY.glob("*")) < MAX_BYTES


def test_what_derives_from_a_base_is_in_its_part() -> None:
    parts = {name: part_of(name) for name in truths()}
    assert set(parts.values()) == {FIT, CHECK}
    assert part_of("images/tag-mistyped") == part_of("images/tag-mistyped")


def test_derived_bundles_have_other_names_and_the_truth_follows(one: Json) -> None:
    made = list(versions(one))
    entities = {each[TRUTH]["entity"] for each in made}
    assert len(entities) == 1 + DERIVED
    for each in made:
        kind, namespace, name = each[TRUTH]["entity"].split("/")
        assert any(
            (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]) == (kind, namespace, name)
            for obj in each["objects"]
            if "namespace" in obj["metadata"]
        )


def test_derived_bundles_are_the_same_each_time(one: Json) -> None:
    assert list(versions(one)) == list(versions(one))


def test_derived_bundles_hold_more_than_their_base_and_twice_the_noise_more(one: Json) -> None:
    plain, noisy = list(versions(one)), list(versions(one, noise=2))
    assert all(len(each["objects"]) > len(one["objects"]) for each in plain[1:])
    assert all(len(more["objects"]) > len(less["objects"]) for less, more in zip(plain[1:], noisy[1:], strict=True))


@pytest.mark.parametrize("name", [*ABLATIONS, "times"])
def test_what_is_left_after_something_is_taken_away_is_a_bundle(one: Json, name: str) -> None:
    made = shuffled_times(one) if name == "times" else ABLATIONS[name](one)
    assert not bundle_of({key: value for key, value in made.items() if key != TRUTH}, name, DIRECTORY).odd


def test_without_changes_nobody_is_known_to_have_written_anything(one: Json) -> None:
    assert not any("managedFields" in each["metadata"] for each in ABLATIONS["changes"](one)["objects"])
