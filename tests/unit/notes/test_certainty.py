"""How sure a note says it is: one percentage in the first line, and those of the others behind it."""

from typing import Any

import msgspec
import pytest

from noctuary.models.diagnosis import Cause, Diagnosis
from noctuary.notes.certainty import percent
from testbed.told import cause, change, diagnosis, fault, note, without_percent


def sure(of: Cause, probability: float) -> Cause:
    return msgspec.structs.replace(of, probability=probability)


def first_line(found: Diagnosis, **row: Any) -> str:
    return note(found, **row).splitlines()[0]


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.874, "Likely cause (87 %): "),
        (0.7, "Likely cause (70 %): "),
        (0.699, "Possible cause (69 %): "),
        (0.3501, "Possible cause (35 %): "),
        (0.9999, "Likely cause (99 %): "),
        (None, "Likely cause: "),
    ],
)
def test_the_first_line_says_how_probable_the_cause_is(probability: float | None, said: str) -> None:
    told = msgspec.structs.replace(cause(change(), fault(), score=0.9), probability=probability)
    assert first_line(diagnosis(told)).startswith(said)


def test_a_cause_of_an_older_version_is_called_by_its_score() -> None:
    stored = msgspec.json.decode(msgspec.json.encode(cause(change(), score=0.5)), type=Cause)
    assert first_line(diagnosis(stored)).startswith("Possible cause: ")


def test_what_is_less_likely_says_how_likely() -> None:
    found = diagnosis(sure(cause(change(), fault()), 0.8), sure(cause(None, fault(), score=0.5), 0.062))
    assert "\nLess likely (6 %): 07:59:30 " in note(found)


def test_an_abstention_says_how_sure_it_is_what_it_rests_on_and_what_changed() -> None:
    young = [sure(cause(change(event_id=f"c{n}", at=1_800_000_000 - 600 - n), score=0.6), 0.05) for n in range(3)]
    lines = note(diagnosis(weak=young, none_probability=0.804, changes_more=2, events_seen=5)).splitlines()
    assert lines[0] == "No recent change explains this (sure 80 %): none of the 5 changes since 07:00 UTC stands out."
    assert lines[2] == "Looked at: 5 events of web since 07:00 UTC."
    assert lines[3].startswith("Changed recently, not shown to be related: 07:50:00 web rolled out: r/web:3.10 -> ")
    assert lines[3].count("(5 %)") == 3
    assert lines[3].endswith("; and 2 more")


def test_a_lone_change_that_nothing_points_to_is_named_without_blame() -> None:
    found = diagnosis(weak=[sure(cause(change(at=1_800_000_000 - 1800), score=0.6), 0.18)], none_probability=0.72)
    assert first_line(found) == (
        "No recent change explains this (sure 72 %): nothing points to the rollout of web at 07:30."
    )


def test_a_note_without_its_percentages_is_the_same_for_all_weights() -> None:
    young = [sure(cause(change(), score=0.6), share) for share in (0.1, 0.2)]
    notes = [note(diagnosis(weak=[each], none_probability=1 - (each.probability or 0.0))) for each in young]
    assert notes[0] != notes[1]
    assert without_percent(notes[0]) == without_percent(notes[1])


@pytest.mark.parametrize(("probability", "said"), [(0.0, "1 %"), (0.999, "99 %"), (1.0, "99 %"), (0.456, "45 %")])
def test_nothing_is_certain_and_nothing_impossible(probability: float, said: str) -> None:
    assert percent(probability) == said
