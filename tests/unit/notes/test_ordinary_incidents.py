"""What the notes of ordinary incidents say first, and what they tell to do: `make notes-compare` prints them whole."""

import pytest

from testbed.before_after.world import Scene, note_of
from testbed.golden_notes import ORDINARY, REMARK, SCENES
from testbed.told import without_percent

SAID = dict(block.split("\n", 1) for block in ORDINARY.read_text(encoding="utf-8").rstrip().split("\n\n"))


@pytest.mark.parametrize("scene", SCENES, ids=[scene.title for scene in SCENES])
def test_what_is_said_first_and_what_to_do(scene: Scene) -> None:
    first, action, *_ = without_percent(note_of(scene)).split("\n\n")
    assert f"{first}\n{action.partition(REMARK)[0]}" == SAID[scene.title]


def test_every_incident_has_its_words() -> None:
    assert sorted(SAID) == sorted(scene.title for scene in SCENES)
