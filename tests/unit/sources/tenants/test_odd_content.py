"""What somebody may write into objects of one namespace: at worst that one object is left out."""

import msgspec
import pytest

from noctuary.kube.client import KubeClient
from noctuary.kube.odd import ODD, each_understood
from noctuary.models.diagnosis import Subject
from noctuary.sources.kubernetes.kinds.controller_revisions import ControllerRevision, view_controller_revision
from noctuary.sources.kubernetes.kinds.replica_sets import MAX_HISTORY, ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.controller_revisions import controller_revision
from tests.unit.sources.cases.deployments import deployment
from tests.unit.sources.cases.pods import pod
from tests.unit.sources.cases.replica_sets import ANNOTATION, replica_set
from tests.unit.sources.live.test_live import PATIENT_S, SHOP
from tests.unit.sources.test_event_facts import Watches
from tests.unit.sources.watched_case import Manifest

NINES = "9" * 5000
ODD_FIELDS: list[Manifest] = [
    {"name": 5},
    {"image": 5},
    {"image": None},
    {"image": {}},
    {"env": "x"},
    {"env": {"x": 1}},
    {"env": [{"name": None}]},
    {"env": [{"name": []}]},
    {"env": [{"name": 1}, {"name": "b"}]},
    {"resources": {"limits": [1]}},
    {"ports": ["http"]},
    {"ports": [{"name": {}}]},
    {"livenessProbe": "path"},
    {"livenessProbe": {"httpGet": "path"}},
]
ODD_CONTAINERS: list[object] = [5, "abc", [{}], ["a"], *([{"name": "a"} | odd] for odd in ODD_FIELDS)]


def holding(containers: object) -> Manifest:
    revision = controller_revision(2, "db:2", kind="Foo", api="x/v1")
    return revision | {"data": {"spec": {"template": {"spec": {"containers": containers}}}}}


def odd_replica_set() -> Manifest:
    """Return one whose owner writes an image that no template can hold."""
    odd = replica_set(2, "shop:2", 1)
    odd["spec"]["template"]["spec"]["containers"][0]["image"] = 5
    odd["metadata"] |= {"uid": "odd", "name": "odd"}
    return odd


@pytest.mark.parametrize("containers", ODD_CONTAINERS, ids=str)
def test_a_revision_whose_template_is_none_is_left_out(containers: object) -> None:
    watches = Watches(workloads={"controllerrevisions": [controller_revision(1, "db:1"), holding(containers)]})
    assert watches.see("controllerrevisions", holding(containers), "ADDED") == []
    odd = msgspec.json.decode(msgspec.json.encode(holding(containers)), type=ControllerRevision)
    found = view_controller_revision(odd)
    assert found is None or found.revision.summary().image() == ""


@pytest.mark.parametrize("number", [NINES, "9" * 20, "\u0663", "\u00b2", "-1", "1e3", ""])
def test_a_number_that_no_controller_counts_to_is_none(number: str) -> None:
    obj = replica_set(1, "shop:1", 0)
    obj["metadata"]["annotations"] = {ANNOTATION: number, f"{ANNOTATION}-history": f"1,{number}"}
    owned = view_replica_set(msgspec.json.decode(msgspec.json.encode(obj), type=ReplicaSet))
    assert owned is not None
    assert (owned.revision.number, owned.revision.history) == (0, [1])


def test_of_a_long_history_the_last_numbers_are_read() -> None:
    obj = replica_set(1, "shop:1", 0)
    obj["metadata"]["annotations"][f"{ANNOTATION}-history"] = ",".join(map(str, range(1, 10_000)))
    owned = view_replica_set(msgspec.json.decode(msgspec.json.encode(obj), type=ReplicaSet))
    assert owned is not None
    assert owned.revision.history == list(range(10_000 - MAX_HISTORY, 10_000))


def test_a_list_with_an_odd_object_feeds_all_others() -> None:
    listed = {"deployments": [deployment(1)], "replicasets": [odd_replica_set(), replica_set(1, "shop:1", 0)]}
    watches = Watches(workloads=listed)
    assert watches.see("deployments", deployment(2, image="shop:2")) == []
    (rollout,) = watches.see("replicasets", replica_set(2, "shop:2", 1), "ADDED")
    assert (rollout.old_value, rollout.new_value) == ("shop:1", "shop:2")


def test_only_what_reading_raises_is_left_out() -> None:
    assert list(each_understood([], lambda obj: obj)) == []
    assert all(issubclass(each, ODD) for each in (msgspec.ValidationError, UnicodeError, KeyError, OverflowError))


async def test_the_live_view_shows_all_but_the_odd_objects(kube: KubeClient, listed: ListedObjects) -> None:
    shops = "/apis/apps/v1/namespaces/shops"
    listed.by_path[f"{shops}/deployments"] = [deployment(1)]
    listed.by_path[f"{shops}/replicasets"] = [odd_replica_set(), replica_set(1, "shop:1", 0)]
    listed.by_path[f"{shops}/controllerrevisions"] = [holding(each) for each in ODD_CONTAINERS]
    listed.by_path["/api/v1/namespaces/shops/pods"] = [
        each | {"spec": {}} for each in (pod({"startTime": "never"}, uid="odd"), pod({}))
    ]
    view = await make_live_reader(kube, namespaces_s=PATIENT_S)([SHOP])
    assert view is not None
    assert ([each.name for each in view.pods], len(view.revisions), view.gaps) == (["shop-5f7-x"], 1, [])


async def test_the_revisions_of_a_workload_are_read_beside_an_odd_one(kube: KubeClient, listed: ListedObjects) -> None:
    shops = "/apis/apps/v1/namespaces/shops"
    listed.by_path[f"{shops}/deployments"] = [deployment(1)]
    listed.by_path[f"{shops}/replicasets"] = [odd_replica_set(), replica_set(1, "shop:1", 0)]
    found = await make_revision_reader(kube)(Subject("Deployment", "shops", "shop"))
    assert found is not None
    assert [each.number for each in found.revisions] == [1]
