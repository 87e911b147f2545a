"""The main job as a newcomer sees it: one manifest in, one note out."""

import os
from pathlib import Path

import pytest

from testbed.demo.current import current_cluster
from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster, LocalKubeError
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.stage import start_stage


@pytest.mark.timeout(300)
async def test_the_bad_rollout_is_named_in_exactly_one_note_and_the_innocent_one_is_not(
    cluster: Cluster, tmp_path: Path
) -> None:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        walkthrough = Walkthrough(stage, random_names(), print)
        try:
            assert await check_note(walkthrough, await walkthrough.run()) == []
        finally:
            await walkthrough.end()
        assert pagerduty.violations == []


def test_a_cluster_that_serves_our_resources_already_is_left_alone(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{cluster.kubectl_path.parent}:{os.environ['PATH']}")
    with (
        pytest.raises(LocalKubeError, match="serves PagerDutyIntegrations already"),
        current_cluster(lambda _: "yes", {"KUBECONFIG": str(cluster.kubeconfig)}),
    ):
        pytest.fail("it may not be used")
    assert "pagerdutyintegrations" in cluster.kubectl("get", "crd", "--output=name")
