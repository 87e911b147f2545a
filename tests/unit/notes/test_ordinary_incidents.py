"""What the notes of ordinary incidents say first, and what they tell to do: `make notes-compare` prints them whole."""

from pathlib import Path

import pytest

from testbed.before_after import broken_workloads, said_wrongly
from testbed.before_after.world import Scene, note_of

SCENES = [*said_wrongly.SCENES, *broken_workloads.SCENES]
BLOCKS = (Path(__file__).parent / "ordinary_incidents.txt").read_text(encoding="utf-8").rstrip().split("\n\n")
SAID = dict(block.split("\n", 1) for block in BLOCKS)


@pytest.mark.parametrize("scene", SCENES, ids=[scene.title for scene in SCENES])
def test_what_is_said_first_and_what_to_do(scene: Scene) -> None:
    first, action, *_ = note_of(scene).split("\n\n")
    assert "\n".join((first, action.partition("\n# ")[0])) == SAID[scene.title]


def test_every_incident_has_its_words() -> None:
    assert sorted(SAID) == sorted(scene.title for scene in SCENES)
