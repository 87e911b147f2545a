"""Rollbacks, staged changes, owners and revisions, made by the real controllers."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from noctuary.common.clock import now
from noctuary.kube.client import KubeClient
from noctuary.models import details
from noctuary.models.context_event import CHANGE_TYPES, ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView, Subject
from noctuary.models.live_view import LiveView
from noctuary.models.revisions import WorkloadRevisions
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from testbed.polling import until
from testbed.watched_cluster import WatchedCluster

APPS = "/apis/apps/v1"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NEXT_SECOND_S = 2.1
"""Times of the API server are whole seconds: what must be told apart is this far apart."""


def path_of(world: WatchedCluster, kind: str, name: str, subresource: str = "") -> str:
    tail = f"/{subresource}" if subresource else ""
    return f"{APPS}/namespaces/{world.namespace}/{kind.lower()}s/{name}{tail}"


async def write(world: WatchedCluster, path: str, body: Any, content_type: str, manager: str) -> None:
    """Patch an object under the name of a manager, as kubectl and controllers do."""
    query = {"fieldManager": manager}
    await world.admin.request("PATCH", path, query=query, body=msgspec.json.encode(body), content_type=content_type)


async def get(world: WatchedCluster, path: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(await world.admin.get(path))
    return found


async def undo(world: WatchedCluster, kind: str, name: str, template: dict[str, Any]) -> None:
    """Replace the template as `kubectl rollout undo` does."""
    patch = [{"op": "replace", "path": "/spec/template", "value": template}]
    await write(world, path_of(world, kind, name), patch, JSON_PATCH, "kubectl-rollout")


async def settled(world: WatchedCluster, kind: str, name: str, revision: int) -> None:
    """Wait until a revision of this number is held by an object of its own."""
    plural = "replicasets" if kind == "Deployment" else "controllerrevisions"

    async def numbers() -> list[int]:
        found = (await get(world, f"{APPS}/namespaces/{world.namespace}/{plural}"))["items"]
        marks = [
            each.get("revision") or int(each["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
            for each in found
            if each["metadata"]["ownerReferences"][0]["name"] == name
        ]
        return [number for number in marks if number == revision]

    await until(f"revision {revision} of {name}", numbers, bool)
    await asyncio.sleep(0.3)


async def live(world: WatchedCluster, *names: str) -> LiveView:
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    services = [ServiceView(name, Relation.OWN, world.namespace, [world.namespace]) for name in names]
    view = await make_live_reader(kube, namespaces_s=10)(services)
    await kube.close()
    assert view is not None
    return view


async def revisions_of(world: WatchedCluster, kind: str, name: str) -> WorkloadRevisions:
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    found = await make_revision_reader(kube)(Subject(kind, world.namespace, name))
    await kube.close()
    assert found is not None
    return found


def rollouts(events: list[ContextEvent]) -> list[ContextEvent]:
    return sorted((e for e in events if e.event_type == "deploy"), key=lambda e: int(e.details[details.REVISION]))


async def bad_env_then_undone(
    world: WatchedCluster, make: Callable[..., dict[str, Any]], kind: str
) -> tuple[float, float]:
    """Add a variable, then remove it again by an undo, which no managed field tells; return between when that was."""
    await world.apply(APPS, f"{kind.lower()}s", make(kind, "shop", "shop:1"))
    await settled(world, kind, "shop", 1)
    good = (await get(world, path_of(world, kind, "shop")))["spec"]["template"]
    await asyncio.sleep(NEXT_SECOND_S)
    added = {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": [{"name": "BAD", "value": "1"}]}]}}}}
    await write(world, path_of(world, kind, "shop"), added, STRATEGIC, "kubectl-edit")
    await settled(world, kind, "shop", 2)
    await asyncio.sleep(NEXT_SECOND_S)
    before = math.floor(now())
    await undo(world, kind, "shop", good)
    await settled(world, kind, "shop", 3)
    return before, now()


KINDS = ["Deployment", "StatefulSet", "DaemonSet"]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_undo_that_only_removes_fields_is_dated_by_itself_and_is_nobodys(
    world: WatchedCluster, make_workload: Callable[..., dict[str, Any]], kind: str
) -> None:
    async with world.watching():
        before, after = await bad_env_then_undone(world, make_workload, kind)
        await until("three rollouts", lambda: world.events("deploy"), lambda found: len(found) == 3)
        seen = rollouts(await world.events("deploy"))
    shown = rollouts((await live(world, "shop")).events)
    for each in (seen, shown):
        assert [e.details[details.REVISION] for e in each] == ["1", "2", "3"]
        assert [e.details.get(details.CHANGED) for e in each] == [None, "env BAD added", "env BAD removed"]
        assert before <= each[2].timestamp <= after
        assert each[2].details[details.TEMPLATE_HASH] == each[0].details[details.TEMPLATE_HASH]
        assert each[2].details[details.PREVIOUS_TEMPLATE_HASH] == each[1].details[details.TEMPLATE_HASH]
    # What wrote a field that is gone is told by what was seen, and not by what there is.
    assert [[e.actor for e in each] for each in (seen, shown)] == [
        ["tests", "kubectl-edit", None],
        ["tests", None, None],
    ]
    assert [e.dedup_key for e in seen] == [e.dedup_key for e in shown]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_undo_while_nobody_watched_is_dated_by_itself(
    world: WatchedCluster, make_workload: Callable[..., dict[str, Any]], kind: str
) -> None:
    async with world.watching():
        pass
    before, after = await bad_env_then_undone(world, make_workload, kind)
    await asyncio.sleep(NEXT_SECOND_S)
    async with world.watching():
        await until("three rollouts", lambda: world.events("deploy"), lambda found: len(found) == 3)
    last = rollouts(await world.events("deploy"))[-1]
    assert before <= last.timestamp <= after


@pytest.mark.parametrize("kind", KINDS)
async def test_the_revisions_of_a_workload_are_those_that_an_undo_takes(
    world: WatchedCluster, make_workload: Callable[..., dict[str, Any]], kind: str
) -> None:
    await bad_env_then_undone(world, make_workload, kind)
    found = await revisions_of(world, kind, "shop")
    assert (found.current, [each.number for each in found.revisions]) == (3, [2, 3])
    assert {each.image for each in found.revisions} == {"shop:1"}
    seen = await live(world, "shop")
    assert seen.revisions == [msgspec.structs.replace(found, rollouts=[])]
    told = [each.dedup_key for each in found.rollouts]
    assert told == [each.dedup_key for each in seen.events if each.event_type in CHANGE_TYPES] != []


async def test_the_hash_of_a_revision_is_that_of_its_pods(
    world: WatchedCluster, make_workload: Callable[..., dict[str, Any]]
) -> None:
    for kind in ("Deployment", "StatefulSet"):
        await world.apply(APPS, f"{kind.lower()}s", make_workload(kind, f"a-{kind.lower()}", "shop:1"))
        pod = await world.a_pod(f"a-{kind.lower()}")
        labels = pod["metadata"]["labels"]
        (stored,) = (await revisions_of(world, kind, f"a-{kind.lower()}")).revisions
        assert stored.template_hash == labels.get("pod-template-hash", labels.get("controller-revision-hash"))


async def test_a_workload_that_is_not_there_has_no_revisions(world: WatchedCluster) -> None:
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    read = make_revision_reader(kube)
    subjects = [Subject(kind, world.namespace, "gone") for kind in ("Deployment", "Rollout")]
    found = [await read(subject) for subject in subjects]
    await kube.close()
    assert found == [WorkloadRevisions(subjects[0], 0, is_gone=True), None]


async def test_a_partition_stages_a_change_until_it_is_lowered(
    world: WatchedCluster, make_workload: Callable[..., dict[str, Any]]
) -> None:
    manifest = make_workload("StatefulSet", "db", "db:1", replicas=1)
    manifest["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    await world.apply(APPS, "statefulsets", manifest)
    await world.a_pod("db")
    async with world.watching():
        manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "db:2"
        await world.apply(APPS, "statefulsets", manifest)
        staged = await world.event("config_change")
        assert await world.events("deploy") == []
        assert [e.event_type for e in (await live(world, "db")).events if e.new_value == "db:2"] == ["config_change"]
        lower = {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}
        await write(world, path_of(world, "StatefulSet", "db"), lower, STRATEGIC, "kubectl-patch")
        rollout = await world.event("deploy")
    assert staged.details[details.STAGED] == "0 of 1 pod; partition=1"
    assert (rollout.old_value, rollout.new_value, rollout.actor) == ("db:1", "db:2", "kubectl-patch")
    assert details.STAGED not in rollout.details


async def test_a_replica_set_of_a_kind_that_is_not_read_is_a_rollout_of_its_owner(world: WatchedCluster) -> None:
    async with world.watching():
        for number, image in enumerate(("shop:1", "shop:2"), 1):
            await world.admin.create(f"{APPS}/namespaces/{world.namespace}/replicasets", of_rollout(number, image))
        event = await world.event("shop:2")
        pod = await world.a_pod("shop", "shop:2")
        await world.report_container(pod, {"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=2)
        fault = await world.event("CrashLoopBackOff")
    view = await live(world, "shop")
    assert event.object is not None
    assert fault.object is not None
    assert (event.object.kind, event.object.name, event.old_value) == ("Rollout", "shop", "shop:1")
    assert (fault.object.workload_kind, fault.object.workload_name) == ("Rollout", "shop")
    assert {(each.workload_kind, each.workload) for each in view.pods} == {("Rollout", "shop")}
    assert fault.details[details.TEMPLATE_HASH] == event.details[details.TEMPLATE_HASH]
    assert [e.new_value for e in rollouts(view.events)] == ["shop:1", "shop:2"]
    (held,) = view.revisions
    assert (held.subject.kind, held.current) == ("Rollout", 2)
    assert [(each.number, each.image) for each in held.revisions] == [(1, "shop:1"), (2, "shop:2")]


def of_rollout(number: int, image: str) -> dict[str, Any]:
    """Return a ReplicaSet as Argo Rollouts makes it; nothing shows its owner."""
    labels = {"app.kubernetes.io/name": "shop", "rollouts-pod-template-hash": f"hash{number}"}
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "shop", "uid": "r-1", "controller": True}
    metadata = {"name": f"shop-hash{number}", "labels": labels, "ownerReferences": [owner]}
    metadata["annotations"] = {"rollout.argoproj.io/revision": str(number)}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


async def test_scaling_down_and_up_again_are_two_events_with_their_own_values(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1", replicas=2)
    await world.a_pod("shop")
    async with world.watching():
        for replicas in (0, 2):
            await scale(world, replicas, "kubectl")
            await asyncio.sleep(1.1)
        found = await until("two scalings", lambda: world.events("scale_event"), lambda found: len(found) == 2)
    told = sorted((e.timestamp, e.old_value, e.new_value, e.actor) for e in found)
    # The API server keeps no manager of what is scaled to none or from none through the subresource.
    assert [each[1:] for each in told] == [("2", "0", None), ("0", "2", None)]
    assert 1 <= told[1][0] - told[0][0] <= 3


async def test_a_scaling_is_told_over_a_restart(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1", replicas=2)
    await world.a_pod("shop")
    async with world.watching():
        pass
    await asyncio.sleep(1.1)
    await scale(world, 0, "kubectl")
    async with world.watching():
        await world.event("scale_event")
        await scale(world, 2, "kubectl")
        found = await until("two scalings", lambda: world.events("scale_event"), lambda found: len(found) == 2)
    assert {(e.old_value, e.new_value) for e in found} == {("2", "0"), ("0", "2")}


@pytest.mark.parametrize(
    ("manager", "told"), [("kube-controller-manager", "1"), ("keda-operator", "1"), ("kubectl", None)]
)
async def test_a_scaling_is_an_autoscalers_by_who_wrote_it(
    world: WatchedCluster, manager: str, told: str | None
) -> None:
    await world.roll_out("shop", "shop:1", replicas=2)
    await world.a_pod("shop")
    async with world.watching():
        before = int(now())
        await scale(world, 3, manager)
        event = await world.event("scale_event")
    assert (event.actor, event.details.get(details.BY_AUTOSCALER)) == (manager, told)
    assert before <= event.timestamp <= time.time() + 1


async def scale(world: WatchedCluster, replicas: int, manager: str) -> None:
    path = path_of(world, "Deployment", "shop", "scale")
    await write(world, path, {"spec": {"replicas": replicas}}, "application/merge-patch+json", manager)


async def test_a_restart_is_marked(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        at = {"kubectl.kubernetes.io/restartedAt": "2026-11-26T10:00:00Z"}
        body = {"spec": {"template": {"metadata": {"annotations": at}}}}
        await write(world, path_of(world, "Deployment", "shop"), body, STRATEGIC, "kubectl-rollout")
        event = await world.event("deploy")
    assert event.details[details.RESTART] == "1"
    assert event.details[details.CHANGED] == "annotation kubectl.kubernetes.io/restartedAt added"


async def test_what_argo_cd_applied_is_named_by_its_application(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        mark = {"argocd.argoproj.io/tracking-id": f"payments:apps/Deployment:{world.namespace}/shop"}
        template = {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}
        body = {"metadata": {"annotations": mark}, "spec": {"template": template}}
        await write(world, path_of(world, "Deployment", "shop"), body, STRATEGIC, "argocd-controller")
        event = await world.event("deploy")
    assert (event.actor, event.details[details.TOOL]) == ("argocd-controller", "argocd")
    assert event.details[details.TOOL_APP] == "payments"
