"""Argo Rollouts: their kind is not read, and their ReplicaSets tell which revision is which."""

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Subject
from noctuary.sources.kubernetes.kinds.replica_sets import FOREIGN_REVISION_ANNOTATION
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.replica_sets import OWNER, ROLLOUT, replica_set
from tests.unit.sources.watched_case import Manifest

PATH = "/apis/apps/v1/namespaces/shops/replicasets"
CHECKOUT = Subject("Rollout", "shops", "checkout")


def made(number: int, image: str, owner: Manifest = ROLLOUT) -> Manifest:
    found = replica_set(number, image, number, owner=owner)
    found["metadata"]["annotations"] = {FOREIGN_REVISION_ANNOTATION: str(number)}
    found["metadata"]["uid"] = f"{owner['name']}-{number}"
    return found


async def test_their_revisions_are_those_of_their_own_replica_sets(kube: KubeClient, listed: ListedObjects) -> None:
    others = [replica_set(7, "shop:7", 7, owner=OWNER), made(9, "cart:9", ROLLOUT | {"name": "cart", "uid": "c"})]
    listed.by_path[PATH] = [made(2, "shop:2"), *others, made(3, "shop:1")]
    found = await make_revision_reader(kube)(CHECKOUT)
    assert found is not None
    assert (found.subject, found.current) == (CHECKOUT, 3)
    assert [(each.number, each.image) for each in found.revisions] == [(2, "shop:2"), (3, "shop:1")]


@pytest.mark.parametrize("owner", [OWNER, ROLLOUT | {"name": "cart"}])
async def test_without_any_of_their_own_nothing_is_known(
    kube: KubeClient, listed: ListedObjects, owner: Manifest
) -> None:
    listed.by_path[PATH] = [made(2, "shop:2", owner)]
    assert await make_revision_reader(kube)(CHECKOUT) is None


async def test_a_release_that_watches_other_namespaces_reads_none(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path[PATH] = [made(2, "shop:2")]
    assert await make_revision_reader(kube, {"payments"})(CHECKOUT) is None
