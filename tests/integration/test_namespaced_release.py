"""The main job of a release that sees one namespace: no cluster-wide right, no refusal, and a note that says so."""

from pathlib import Path

import pytest

from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster
from testbed.log_lines import forbidden_lines
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.stage import start_stage


@pytest.mark.timeout(300)
async def test_a_bad_rollout_in_the_one_watched_namespace_is_named_without_a_cluster_wide_right(
    cluster: Cluster, tmp_path: Path
) -> None:
    names = random_names()
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path, [names.namespace]) as stage:
        walkthrough = Walkthrough(stage, names, print)
        try:
            incident = await walkthrough.run()
            assert await check_note(walkthrough, incident) == []
        finally:
            await walkthrough.end()
        assert "Not looked at: nodes" in pagerduty.notes(incident)[0].content
        for program in (stage.release.operator, stage.release.receiver):
            assert forbidden_lines(program.log) == []
    bound = cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    assert stage.release.namespace not in bound
