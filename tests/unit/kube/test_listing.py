from typing import Any

import pytest

from noctuary.common.errors import KubernetesError, KubernetesUnavailable
from noctuary.kube.client import KubeClient
from noctuary.kube.listing import PAGE_SIZE, list_objects
from noctuary.kube.objects import KubeObject
from tests.unit.kube.listed_objects import VERSION, ListedObjects

PATH = "/api/v1/namespaces/shops/pods"


def objects(count: int) -> list[dict[str, Any]]:
    return [{"metadata": {"name": f"{number}"}} for number in range(count)]


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (PAGE_SIZE, 1), (PAGE_SIZE + 1, 2), (2 * PAGE_SIZE + 1, 3)]
)
async def test_all_pages_are_one_list(kube: KubeClient, listed: ListedObjects, count: int, pages: int) -> None:
    listed.by_path[PATH] = objects(count)
    found = await list_objects(kube, PATH, KubeObject)
    assert [obj.metadata.name for obj in found.objects] == [f"{number}" for number in range(count)]
    assert (found.resource_version, found.is_partial, len(listed.queries)) == (VERSION, False, pages)


@pytest.mark.parametrize(("count", "is_partial"), [(2, False), (3, False), (4, True), (PAGE_SIZE + 1, True)])
async def test_a_limited_list_reads_one_page_and_says_whether_there_is_more(
    kube: KubeClient, listed: ListedObjects, count: int, is_partial: bool
) -> None:
    listed.by_path[PATH] = objects(count)
    found = await list_objects(kube, PATH, KubeObject, max_objects=3)
    assert (len(found.objects), found.is_partial, len(listed.queries)) == (min(count, 3), is_partial, 1)


async def test_only_the_first_page_of_a_cached_list_names_a_version(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path[PATH] = objects(PAGE_SIZE + 1)
    await list_objects(kube, PATH, KubeObject, selectors={"labelSelector": "a=b"}, from_cache=True)
    assert [query.get("resourceVersion") for query in listed.queries] == ["0", None]
    assert [query.get("labelSelector") for query in listed.queries] == ["a=b", "a=b"]


async def test_pages_that_expired_are_an_error(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path[PATH] = objects(PAGE_SIZE + 1)
    listed.expired_from = PAGE_SIZE
    with pytest.raises(KubernetesError, match="410"):
        await list_objects(kube, PATH, KubeObject)


async def test_a_list_that_is_none_is_an_answer_to_ask_for_again(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path[PATH] = [{"metadata": "none"}]
    with pytest.raises(KubernetesUnavailable, match="not what its kind promises"):
        await list_objects(kube, PATH, KubeObject)


async def test_pages_that_are_too_long_are_asked_for_in_parts_and_grow_again(
    kube: KubeClient, listed: ListedObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.kube.listing.MAX_PAGE_BYTES", 100_000)
    big = [{"metadata": {"name": f"{n}", "annotations": {"a": "b" * 20_000}}} for n in range(10)]
    listed.by_path[PATH] = [*big, *objects(300)]
    found = await list_objects(kube, PATH, KubeObject)
    assert len({obj.metadata.name for obj in found.objects}) == 300
    assert len(found.objects) == 310
    limits = [int(query["limit"]) for query in listed.queries]
    assert limits[:3] == [PAGE_SIZE, PAGE_SIZE // 8, PAGE_SIZE // 64]
    assert max(limits[3:]) > PAGE_SIZE // 64


async def test_one_object_is_taken_however_long_it_is(
    kube: KubeClient, listed: ListedObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.kube.listing.MAX_PAGE_BYTES", 1000)
    listed.by_path[PATH] = [{"metadata": {"name": f"{n}", "annotations": {"a": "b" * 2000}}} for n in range(3)]
    found = await list_objects(kube, PATH, KubeObject, from_cache=True)
    assert [obj.metadata.name for obj in found.objects] == ["0", "1", "2"]
    assert [query.get("resourceVersion") for query in listed.queries[:2]] == ["0", None]
