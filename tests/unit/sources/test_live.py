"""The live view over an API server that answers what its test lays out."""

from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.sources.kubernetes.live_reader import make_live_reader
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.pods import pod
from tests.unit.sources.watched_case import Manifest

SHOP = ServiceView("shop", Relation.OWN, "shops", ["shops"])
QUIET = ServiceView("search", Relation.DEPENDENCY, "shops", ["quiet"])
REST = "all of shop as it is now: only the first 2 objects of one kind were read"


def pods(count: int) -> list[Manifest]:
    return [pod({}, name=f"shop-{number}", uid=f"{number}") | {"spec": {}} for number in range(count)]


@pytest.mark.parametrize(("count", "seen", "gaps"), [(1, 1, []), (2, 2, []), (3, 2, [REST])])
async def test_only_a_service_with_more_objects_than_are_read_is_a_gap(
    kube: KubeClient, listed: ListedObjects, count: int, seen: int, gaps: list[str]
) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(count)
    view = await make_live_reader(kube, max_objects=2)([SHOP, QUIET])
    assert view is not None
    assert (len(view.pods), view.gaps) == (seen, gaps)


async def test_a_note_says_that_only_some_objects_were_read(
    kube: KubeClient, listed: ListedObjects, scene: Any
) -> None:
    listed.by_path["/apis/apps/v1/namespaces/payments/deployments"] = [pod({})] * 3
    scene.live_reader = make_live_reader(kube, max_objects=2)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    gap = "Not looked at: all of payments-api as it is now: only the first 2 objects of one kind were read."
    assert gap in scene.text(incident.id)
