"""The chart with `watchNamespaces`, really installed, and both programs at work under exactly what it granted."""

from collections.abc import Awaitable, Callable

import pytest

from hack.chart.paths import CHART
from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster, LocalKubeError
from testbed.log_lines import forbidden_lines
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import GROUP, PLURAL
from testbed.stage.stage import Stage
from testbed.stage.user import integration

Helm = Callable[..., str]
Install = Callable[..., Awaitable[Stage]]


@pytest.mark.timeout(300)
async def test_a_release_that_watches_one_namespace_does_its_job_there_and_touches_nothing_else(
    cluster: Cluster, installed: Install, pagerduty: PagerDutySimulator
) -> None:
    names = random_names()
    stage = await installed(names.namespace)
    await stage.kube.make_namespace(names.innocent_namespace)
    elsewhere = integration(
        names.innocent_namespace, "untouched", api_url=pagerduty.url, service=names.innocent, service_id="P0"
    )
    await stage.kube.apply(GROUP, names.innocent_namespace, PLURAL, elsewhere)
    walkthrough = Walkthrough(stage, names, print)
    try:
        assert await check_note(walkthrough, await walkthrough.run()) == []
    finally:
        await walkthrough.end()
    found = await stage.kube.get(GROUP, names.innocent_namespace, PLURAL, "untouched")
    assert found is not None
    assert "status" not in found
    assert await stage.kube.list("/api/v1", names.innocent_namespace, "secrets") == []
    for program in (stage.release.operator, stage.release.receiver):
        assert forbidden_lines(program.log) == []
    bound = cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name").split()
    assert [name for name in bound if name.endswith(stage.release.namespace)] == []


def test_a_watched_namespace_that_does_not_exist_stops_the_installation(helm: Helm, namespace: str) -> None:
    with pytest.raises(LocalKubeError, match="no-such-namespace"):
        helm(
            "install",
            "noctuary",
            str(CHART),
            "--namespace",
            namespace,
            "--set",
            "watchNamespaces={no-such-namespace}",
        )
