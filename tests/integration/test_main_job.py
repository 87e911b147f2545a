"""The main job as a newcomer sees it: one manifest in, one note out."""

from pathlib import Path

import pytest

from testbed.demo.play import Play, check_note
from testbed.demo.scene import random_scene
from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.stage import set_stage


@pytest.mark.timeout(300)
async def test_the_bad_rollout_is_named_in_exactly_one_note_and_the_innocent_one_is_not(
    cluster: Cluster, tmp_path: Path
) -> None:
    async with PagerDutySimulator() as pagerduty, set_stage(cluster, pagerduty, tmp_path) as stage:
        play = Play(stage, random_scene(), print)
        try:
            assert await check_note(play, await play.perform()) == []
        finally:
            await play.end()
        assert pagerduty.violations == []
