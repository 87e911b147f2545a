"""Objects that services share, on a real API server: each change is one event, with words for what differs."""

from pathlib import Path
from typing import Any

import pytest

from noctuary.kube.reflector import SELDOM_S
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.reaching.reach import OF_OBJECTS
from noctuary.sources.kubernetes.changes.kinds.http_routes import HTTP_ROUTES
from testbed.polling import until
from testbed.watched_cluster import WatchedCluster

Manifest = dict[str, Any]
CANARY = "hunter2-canary-5d1e"
NETWORK, RBAC = "/apis/networking.k8s.io/v1", "/apis/rbac.authorization.k8s.io/v1"
APP = {"app": "web"}
BOTH = "defaultRequest memory of Container 64Mi -> 128Mi, min memory of Container 64Mi -> 128Mi"
"""The API server derives one from the other."""


def ingress(service: str) -> Manifest:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {"spec": {"rules": [{"host": "shop.example", "http": {"paths": paths}}]}}


def service(selector: str) -> Manifest:
    return {"spec": {"selector": {"app": selector}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}}


def policy(port: int) -> Manifest:
    rule = {"ports": [{"port": port, "protocol": "TCP"}]}
    return {"spec": {"podSelector": {"matchLabels": APP}, "policyTypes": ["Ingress"], "ingress": [rule]}}


def role(*verbs: str) -> Manifest:
    return {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": list(verbs)}]}


def binding(*accounts: str) -> Manifest:
    subjects = [{"kind": "ServiceAccount", "name": each, "namespace": "shops"} for each in accounts]
    return {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}, "subjects": subjects}


def limits(memory: str) -> Manifest:
    return {"spec": {"limits": [{"type": "Container", "min": {"memory": memory}}]}}


def autoscaler(least: int) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {"spec": {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": 9}}


CHANGES = [
    ("/api/v1", "services", "Service", service("web"), service("wbe"), "selector app=web -> app=wbe"),
    (NETWORK, "ingresses", "Ingress", ingress("web"), ingress("wbe"), "backend of shop.example/ web:80 -> wbe:80"),
    (NETWORK, "networkpolicies", "NetworkPolicy", policy(80), policy(81), "ingress ports TCP/80 -> TCP/81"),
    (RBAC, "roles", "Role", role("get", "list"), role("get"), "verbs of configmaps get,list -> get"),
    (RBAC, "rolebindings", "RoleBinding", binding("a", "b"), binding("a"), "subject ServiceAccount shops/b removed"),
    (
        "/api/v1",
        "resourcequotas",
        "ResourceQuota",
        {"spec": {"hard": {"pods": "20"}}},
        {"spec": {"hard": {"pods": "5"}}},
        "hard pods 20 -> 5",
    ),
    ("/api/v1", "limitranges", "LimitRange", limits("64Mi"), limits("128Mi"), BOTH),
    (
        "/api/v1",
        "configmaps",
        "ConfigMap",
        {"data": {"app.yaml": f"password: {CANARY}\n", "MAX_CONNECTIONS": "100"}},
        {"data": {"app.yaml": f"password: {CANARY}-2\n", "MAX_CONNECTIONS": "5"}},
        "key MAX_CONNECTIONS 100 -> 5, key app.yaml",
    ),
    ("/apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", autoscaler(2), autoscaler(1),
     "minReplicas 2 -> 1"),
]  # fmt: skip


def named(api: str, kind: str, body: Manifest) -> Manifest:
    return {
        "apiVersion": api.removeprefix("/apis/").removeprefix("/api/"),
        "kind": kind,
        "metadata": {"name": "web"},
    } | body


async def changes(world: WatchedCluster) -> list[ContextEvent]:
    return [each for each in await world.events("config_change") if each.service_name == OF_OBJECTS]


async def test_each_change_is_one_event_and_its_deletion_another(world: WatchedCluster) -> None:
    for api, plural, kind, before, _, _ in CHANGES:
        await world.apply(api, plural, named(api, kind, before))
    async with world.watching():
        for api, plural, kind, _, after, _ in CHANGES:
            await world.apply(api, plural, named(api, kind, after))
        await world.caught_up()
        told = {each.object.kind: each for each in await settled(world, len(CHANGES) + 3) if each.object is not None
                and each.details[details.FATE] == "changed"}  # fmt: skip
        assert {kind: each.details[details.CHANGED] for kind, each in told.items()} == {
            kind: words for _, _, kind, _, _, words in CHANGES
        }
        assert {each.actor for each in told.values()} == {"tests"}
        await world.admin.delete(f"/api/v1/namespaces/{world.namespace}/services/web")
        gone = (await settled(world, len(CHANGES) + 4))[0]
        assert (gone.entity, gone.details[details.FATE]) == ("web", "deleted")


async def settled(world: WatchedCluster, count: int) -> list[ContextEvent]:
    """Wait for so many changes: the quota, the range and the policy of the first list are told as new, too."""

    async def enough() -> list[ContextEvent]:
        found = await changes(world)
        return found if len(found) >= count else []

    found = await until(f"{count} changes", enough, bool)
    assert len(found) == count
    return found


async def test_what_a_config_map_holds_is_nowhere_in_the_store(world: WatchedCluster, tmp_path: Path) -> None:
    *_, before, after, _ = next(each for each in CHANGES if each[1] == "configmaps")
    await world.apply("/api/v1", "configmaps", named("/api/v1", "ConfigMap", before))
    async with world.watching():
        await world.apply("/api/v1", "configmaps", named("/api/v1", "ConfigMap", after))
        await settled(world, 1)
    files = [each for each in (tmp_path / "store").rglob("*") if each.is_file()]
    assert files
    assert not any(CANARY.encode() in each.read_bytes() for each in files)


async def test_what_changed_while_nobody_watched_is_told_at_the_next_start(world: WatchedCluster) -> None:
    await world.apply("/api/v1", "services", named("/api/v1", "Service", service("web")))
    async with world.watching():
        pass
    await world.apply("/api/v1", "services", named("/api/v1", "Service", service("wbe")))
    async with world.watching():
        (event,) = await settled(world, 1)
        assert event.details[details.CHANGED] == "selector app=web -> app=wbe"


CRD: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "httproutes.gateway.networking.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/1"},
    },
    "spec": {
        "group": "gateway.networking.k8s.io",
        "scope": "Namespaced",
        "names": {"plural": "httproutes", "singular": "httproute", "kind": "HTTPRoute", "listKind": "HTTPRouteList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


def test_what_is_missing_is_asked_for_again_after_five_minutes() -> None:
    assert (SELDOM_S, HTTP_ROUTES.may_be_absent, HTTP_ROUTES.is_optional) == (300.0, True, True)


async def test_a_kind_without_a_crd_keeps_nothing_waiting_and_is_watched_once_it_is_there(
    world: WatchedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.kube.reflector.SELDOM_S", 0.2)
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    async with world.watching() as source:
        routes = source.health()["httproutes"]
        is_there = not routes.is_absent
        if not is_there:
            await world.admin.create(path, CRD)
        try:
            await until("a watch of routes", _synced(routes), bool)
        finally:
            if not is_there:
                await world.admin.delete(f"{path}/{CRD['metadata']['name']}")


def _synced(health: Any) -> Any:
    async def is_synced() -> bool:
        return bool(health.synced.is_set())

    return is_synced
