"""The live view over an API server that answers what its test lays out."""

from typing import Any

import msgspec
import pytest

from noctuary.common.errors import KubernetesUnavailable
from noctuary.incidents.enrichment import LIVE_READ_TIMEOUT_S
from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.sources.kubernetes.live_reader import MAX_NAMESPACES, NAMESPACES_S, make_live_reader
from noctuary.sources.kubernetes.surroundings.namespaces import NODES_S
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.pods import pod
from tests.unit.sources.watched_case import Manifest

SHOP = ServiceView("shop", Relation.OWN, "shops", ["shops"])
QUIET = ServiceView("search", Relation.DEPENDENCY, "shops", ["quiet"])
SHORT_S = 2.0
"""For what never comes; what does come has to be there by then."""
PATIENT_S = 20.0
"""A machine that runs many tests at once is no slow API server."""
REST = "all of shop as it is now: only the first 2 objects of one kind were read, or 4 MB of them"


def pods(count: int) -> list[Manifest]:
    return [pod({}, name=f"shop-{number}", uid=f"{number}") | {"spec": {}} for number in range(count)]


@pytest.mark.parametrize(("count", "seen", "gaps"), [(1, 1, []), (2, 2, []), (3, 2, [REST])])
async def test_only_a_service_with_more_objects_than_are_read_is_a_gap(
    kube: KubeClient, listed: ListedObjects, count: int, seen: int, gaps: list[str]
) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(count)
    view = await make_live_reader(kube, max_objects=2, namespaces_s=PATIENT_S)([SHOP, QUIET])
    assert view is not None
    assert (len(view.pods), view.gaps) == (seen, gaps)


async def test_only_a_large_namespaces_services_without_labels_are_a_gap(
    kube: KubeClient, listed: ListedObjects
) -> None:
    labelled = msgspec.structs.replace(SHOP, name="front", match_labels={"tier": "front"})
    front = pod({}, name="front-1", uid="f")
    front["metadata"]["labels"] = {"tier": "front"}
    listed.by_path["/api/v1/namespaces/shops/pods"] = [*pods(3), front | {"spec": {}}]
    view = await make_live_reader(kube, max_objects=2, namespaces_s=PATIENT_S)([SHOP, labelled])
    assert view is not None
    assert ([each.name for each in view.pods], view.gaps) == (["shop-0", "shop-1", "front-1"], [REST])


async def test_services_of_one_namespace_share_its_lists(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(1)
    await make_live_reader(kube, namespaces_s=PATIENT_S)([SHOP])
    alone = len(listed.queries)
    others = [ServiceView(f"s{number}", Relation.DEPENDENCY, "shops", ["shops"]) for number in range(40)]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([*others, SHOP])
    assert view is not None
    assert (len(listed.queries), [each.name for each in view.pods]) == (2 * alone, ["shop-0"])


async def test_what_else_was_read_is_viewed_without_another_list(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(2)
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([msgspec.structs.replace(SHOP, name="alerts")])
    assert view is not None
    asked = len(listed.queries)
    (around,) = view.around
    assert [(str(each.subject.kind), each.subject.name, len(each.pods)) for each in around.things(["shops"])] == [
        ("Deployment", "shop", 2)
    ]
    assert (len((await around.view([SHOP])).pods), len(listed.queries)) == (2, asked)


async def test_a_namespace_of_its_own_that_is_refused_keeps_no_other_from_being_told(
    kube: KubeClient, listed: ListedObjects
) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(1)
    listed.refused.add("/api/v1/namespaces/quiet/pods")
    quiet = msgspec.structs.replace(QUIET, relation=Relation.OWN)
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([quiet, SHOP])
    assert view is not None
    assert view.gaps == ["search as it is now, because the API server refuses to show it"]
    assert (len(view.pods), view.unread_services) == (1, ["search"])


async def test_namespaces_beyond_the_limit_are_told_by_service_and_the_incidents_own_are_never_among_them(
    kube: KubeClient, listed: ListedObjects
) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(1)
    others = [ServiceView(f"s{n}", Relation.DEPENDENCY, "shops", [f"ns{n}"]) for n in range(MAX_NAMESPACES + 1)]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S, reads_specs=False)([*others, SHOP])
    assert view is not None
    assert view.gaps == ["s49 and s50 as they are now: 50 namespaces are read at most"]
    assert ([each.name for each in view.pods], view.unread_services) == (["shop-0"], ["s49", "s50"])


async def test_more_services_than_a_line_takes_are_counted(kube: KubeClient, listed: ListedObjects) -> None:
    listed.refused.add("/api/v1/namespaces/quiet/pods")
    others = [ServiceView(f"s{n}", Relation.DEPENDENCY, "shops", ["quiet"]) for n in range(40)]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([*others, SHOP])
    assert view is not None
    assert view.gaps == ["s0, s1, s2, s3 and 36 others as they are now, because the API server refuses to show it"]


async def test_specs_are_read_of_the_nearest_namespaces(kube: KubeClient, listed: ListedObjects) -> None:
    others = [ServiceView(f"s{n}", Relation.DEPENDENCY, "shops", [f"ns{n}"]) for n in range(9)]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([*others, SHOP])
    assert view is not None
    assert view.gaps == ["what Services, Ingresses and the like of 2 namespaces refer to: of 8 it is read"]
    assert listed.queries


async def test_of_a_large_namespace_all_services_with_labels_are_asked_for_by_few_lists(
    kube: KubeClient, listed: ListedObjects
) -> None:
    labelled = [
        ServiceView(f"s{n}", Relation.OWN, "shops", ["shops"], {"app": f"s{n}", "team": "shop"}) for n in range(40)
    ]
    found = []
    for service in labelled:
        one = pod({}, name=f"{service.name}-1", uid=service.name)
        one["metadata"]["labels"] = service.match_labels
        found.append(one | {"spec": {}})
    listed.by_path["/api/v1/namespaces/shops/pods"] = [*pods(50), *found]
    view = await make_live_reader(kube, max_objects=45, namespaces_s=PATIENT_S)(labelled)
    assert view is not None
    assert (len(view.pods), view.gaps, view.unread_services) == (40, [], [])
    assert len([query for query in listed.queries if "labelSelector" in query]) == 3  # pods, and what holds revisions


async def test_a_namespace_of_long_objects_is_read_in_part(
    kube: KubeClient, listed: ListedObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.sources.kubernetes.live_namespace.MAX_LIST_BYTES", 20_000)
    listed.by_path["/api/v1/namespaces/shops/pods"] = [
        each | {"metadata": each["metadata"] | {"annotations": {"a": "b" * 2_000}}} for each in pods(100)
    ]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([SHOP])
    assert view is not None
    assert 4 < len(view.pods) < 20
    assert view.gaps == ["all of shop as it is now: only the first 1000 objects of one kind were read, or 4 MB of them"]


@pytest.mark.parametrize("silent", ["/api/v1/namespaces/quiet/pods", "/apis/apps/v1/namespaces/quiet/daemonsets"])
async def test_a_dependency_that_does_not_come_in_time_is_named_and_the_rest_is_told(
    kube: KubeClient, listed: ListedObjects, silent: str
) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = pods(1)
    listed.silent.add(silent)
    view = await make_live_reader(kube, namespaces_s=SHORT_S)([QUIET, SHOP])
    assert view is not None
    assert view.gaps == ["search as it is now, because the API server did not answer in time"]
    assert len(view.pods) == 1


def test_a_view_is_given_up_before_the_one_who_asks_gives_up() -> None:
    assert NAMESPACES_S + NODES_S < LIVE_READ_TIMEOUT_S


async def test_an_own_service_that_does_not_come_in_time_is_an_error(kube: KubeClient, listed: ListedObjects) -> None:
    listed.silent.add("/api/v1/namespaces/shops/pods")
    with pytest.raises(KubernetesUnavailable, match="shops"):
        await make_live_reader(kube, namespaces_s=SHORT_S)([SHOP, QUIET])


@pytest.mark.parametrize("name", ["shop-web", "prod-shop-web"])
async def test_what_helm_named_is_found_by_either_name_and_so_is_a_pod_of_its_own(
    kube: KubeClient, listed: ListedObjects, name: str
) -> None:
    alone = pod({}, name=name, uid="x") | {"spec": {}}
    alone["metadata"] |= {"labels": {"app.kubernetes.io/name": "shop-web"}, "ownerReferences": []}
    listed.by_path["/api/v1/namespaces/shops/pods"] = [alone]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([msgspec.structs.replace(SHOP, name=name)])
    assert view is not None
    assert [(each.workload_kind, each.workload) for each in view.pods] == [("Pod", name)]


async def test_a_note_says_that_only_some_objects_were_read(
    kube: KubeClient, listed: ListedObjects, scene: Any
) -> None:
    listed.by_path["/apis/apps/v1/namespaces/payments/deployments"] = [pod({})] * 3
    scene.live_reader = make_live_reader(kube, max_objects=2, namespaces_s=PATIENT_S)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    gap = f"Not looked at: {REST.replace('shop', 'payments-api')}."
    assert gap in scene.text(incident.id)


@pytest.mark.parametrize(
    ("kind", "labels", "gaps"),
    [
        ("StrimziPodSet", {}, ["rollouts of kind StrimziPodSet, which its pods do not tell"]),
        ("CloneSet", {"controller-revision-hash": "7f"}, []),
        ("Job", {}, []),
    ],
)
async def test_a_kind_whose_pods_carry_no_template_is_a_gap(
    kube: KubeClient, listed: ListedObjects, kind: str, labels: dict[str, str], gaps: list[str]
) -> None:
    owner = {"apiVersion": "example.com/v1", "kind": kind, "name": "shop", "uid": "o", "controller": True}
    own = pod({}, name="shop-0", labels=labels, ownerReferences=[owner]) | {"spec": {}}
    listed.by_path["/api/v1/namespaces/shops/pods"] = [own]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([SHOP])
    assert view is not None
    assert (len(view.pods), view.gaps) == (1, gaps)
