"""What a workload is now, as it is read beside its revisions: its pods, its limits, paused or gone."""

from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Subject
from noctuary.models.revisions import WorkloadRevisions
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.watched_case import Manifest

PATH = "/apis/apps/v1/namespaces/shops"
SHOP = Subject("Deployment", "shops", "shop")
READY = {"observedGeneration": 12, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


async def read(kube: KubeClient, listed: ListedObjects, status: Manifest, **spec: Any) -> WorkloadRevisions:
    made = deployment(1, replicas=2) | {"status": status}
    made["metadata"]["generation"] = 12
    made["spec"] |= spec
    revision = replica_set(1, "shop:1", 2)
    limits = {"resources": {"limits": {"memory": "1Gi"}}}
    revision["spec"]["template"]["spec"]["containers"][0] |= limits
    listed.by_path |= {f"{PATH}/deployments": [made], f"{PATH}/replicasets": [revision]}
    found = await make_revision_reader(kube)(SHOP)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "is_all_ready"),
    [
        ({}, True),
        ({"readyReplicas": 1}, False),
        ({"replicas": 3, "readyReplicas": 3}, False),
        ({"updatedReplicas": 1}, False),
        ({"observedGeneration": 11}, False),
    ],
)
async def test_all_are_ready_when_just_the_pods_that_were_asked_for_are(
    kube: KubeClient, listed: ListedObjects, changes: dict[str, int], is_all_ready: bool
) -> None:
    found = await read(kube, listed, READY | changes)
    assert (found.replicas, found.is_all_ready, found.is_paused) == (2, is_all_ready, False)


async def test_of_nothing_nothing_is_ready(kube: KubeClient, listed: ListedObjects) -> None:
    found = await read(kube, listed, {"observedGeneration": 12}, replicas=0)
    assert (found.replicas, found.is_all_ready) == (0, False)


async def test_a_paused_one_is_known_and_what_memory_its_containers_may_use(
    kube: KubeClient, listed: ListedObjects
) -> None:
    found = await read(kube, listed, READY, paused=True)
    assert (found.is_paused, found.memory_limits, found.is_gone) == (True, {"app": "1Gi"}, False)


async def test_one_that_does_not_exist_is_known_to_be_gone(kube: KubeClient) -> None:
    assert await make_revision_reader(kube)(SHOP) == WorkloadRevisions(SHOP, 0, is_gone=True)


@pytest.mark.parametrize(("updated", "runs_no_other"), [(2, True), (1, False)])
async def test_no_other_template_runs_when_all_its_pods_are_of_the_wanted_one(
    kube: KubeClient, listed: ListedObjects, updated: int, runs_no_other: bool
) -> None:
    found = await read(kube, listed, READY | {"readyReplicas": 0, "updatedReplicas": updated})
    assert found.runs_no_other is runs_no_other
