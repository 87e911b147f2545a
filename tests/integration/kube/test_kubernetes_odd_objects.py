"""Objects that a real API server takes from anybody, and that are no use to us: everything else is seen beside them."""

import json
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView, Subject
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from testbed.watched_cluster import WatchedCluster

APPS = "/apis/apps/v1"
DEEP = b'{"a":' * 3000 + b"1" + b"}" * 3000
LABELS = {"app.kubernetes.io/name": "shop"}


def owned_by(kind: str, name: str = "shop") -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": kind, "name": name, "uid": "u-1", "controller": True}


def odd_set(kind: str, **annotations: str) -> bytes:
    metadata = {"name": "odd", "labels": LABELS, "annotations": annotations, "ownerReferences": [owned_by(kind)]}
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "app", "image": "odd:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": template}
    return json.dumps({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}).encode()


def odd_revision(data: bytes) -> bytes:
    metadata = {"name": "odd", "labels": LABELS, "ownerReferences": [owned_by("Foo")]}
    body = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata, "revision": 1, "data": "DATA"}
    return json.dumps(body).encode().replace(b'"DATA"', data)


def template_of(container: dict[str, Any]) -> bytes:
    return json.dumps({"spec": {"template": {"spec": {"containers": [{"name": "a"} | container]}}}}).encode()


ODD = {
    "a number of 5000 digits": ("replicasets", odd_set("Rollout", **{"rollout.argoproj.io/revision": "9" * 5000})),
    "an owner of no kind": ("replicasets", odd_set("kubectl delete namespace shop - then ask")),
    "an image that is a number": ("controllerrevisions", odd_revision(template_of({"image": 5}))),
    "a variable without a name": ("controllerrevisions", odd_revision(template_of({"env": [{"name": None}]}))),
    "data nested 3000 deep": ("controllerrevisions", odd_revision(DEEP)),
}


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_object_keeps_nothing_else_from_being_seen(world: WatchedCluster, odd: str) -> None:
    plural, body = ODD[odd]
    path = f"{APPS}/namespaces/{world.namespace}/{plural}"
    async with world.watching():
        await world.admin.request("POST", path, body=body)  # comes by the watch
        await world.roll_out("shop", "shop:1")
        await world.a_pod("shop")
    async with world.watching():  # and now by the list
        await world.roll_out("shop", "shop:2")
        event = await world.event("shop:2")
    assert (event.old_value, event.service_name) == ("shop:1", "shop")


async def test_the_live_view_and_the_revisions_are_read_beside_odd_objects(world: WatchedCluster) -> None:
    for plural, body in (ODD["a number of 5000 digits"], ODD["data nested 3000 deep"]):
        await world.admin.request("POST", f"{APPS}/namespaces/{world.namespace}/{plural}", body=body)
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    shop = ServiceView("shop", Relation.OWN, world.namespace, [world.namespace])
    view = await make_live_reader(kube, namespaces_s=10)([shop])
    revisions = await make_revision_reader(kube)(Subject("Deployment", world.namespace, "shop"))
    await kube.close()
    assert view is not None
    assert revisions is not None
    assert (len(view.pods), [each.image for each in revisions.revisions]) == (1, ["shop:1"])
