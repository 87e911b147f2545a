"""The place where a scenario happens: its namespace and nodes, the hands that write there, and what the alert says."""

import asyncio
import copy
import random
import time
from collections.abc import Callable
from typing import Any

from testbed.evaluation.recording import shop
from testbed.evaluation.recording.ailments import Ailment, event
from testbed.evaluation.recording.api import APPLIERS, Api
from testbed.evaluation.recording.kubelet import Kubelet
from testbed.evaluation.recording.telling import Telling
from testbed.evaluation.recording.times import Script, written

Json = dict[str, Any]
MOVING = ("Deployment", "ReplicaSet", "StatefulSet", "Pod")
"""What controllers and kubelets change after a write."""
SETTLED_LOOKS = 2
"""So many looks in a row without any change: the controllers have done what they do."""
LOOK_S = 0.25
MAX_LOOKS = 400
BEGUN = -21 * 86_400.0
GROWN = -3 * 86_400.0


class Place(Telling):
    """What a scenario writes to. Roles (`front`, `api`, ...) are attributes that hold the names of this shop."""

    def __init__(self, api: Api, names: shop.Names, prefix: str, seed: int) -> None:
        super().__init__(names, random.Random(seed))
        self.api_server = api
        self.names, self.prefix = names, prefix
        self.nodes = [f"{prefix}node-{letter}" for letter in "abc"]
        self.script = Script()
        self.kubelet = Kubelet(api, self.script, self.nodes)
        self.manifests: dict[tuple[str, str], Json] = {}

    async def open(self) -> None:
        """Have the shop made three weeks before, and grown to its last versions some days before."""
        await self._next_second(BEGUN)
        for name in self.nodes:
            await self.api_server.create(shop.node(name))
            told = {"status": {"conditions": shop.node_conditions(written(BEGUN))}}
            await self.api_server.patch("Node", name, told, "kubelet", "status")
            await self.api_server.patch("Node", name, {"spec": {"taints": []}}, "kubelet")
        tags = {role: f"{self.random.randint(1, 4)}.{self.random.randint(0, 9)}.0" for role in shop.PORTS}
        for made in shop.manifests(self.names, tags):
            await self.write(made, "helm")
        await self.at(GROWN)
        for role in ("api", "pay", "side"):
            await self.roll(getattr(self, role), tags[role][:-1] + "1", by="helm")

    async def at(self, when: float) -> None:
        """Go on to a time, in seconds after the alert, once everything that was done before has had its effect."""
        await self.settle()
        await self._next_second(when)

    async def _next_second(self, when: float) -> None:
        await asyncio.sleep(1.05 - time.time() % 1.0)
        self.script.begin(float(int(time.time())), when)

    async def settle(self) -> None:
        """Wait until controllers and kubelet have nothing more to do."""
        quiet, seen = 0, ""
        for _ in range(MAX_LOOKS):
            versions = str(await asyncio.gather(*(self.api_server.versions(kind) for kind in MOVING)))
            quiet = quiet + 1 if versions == seen else 0
            if quiet >= SETTLED_LOOKS and await self._is_done():
                return
            if quiet == 0:
                await self.kubelet.look()
            seen = versions
            await asyncio.sleep(LOOK_S)
        raise AssertionError(f"controllers are at work {MAX_LOOKS * LOOK_S:.0f} s after a step at {self.script.now}")

    async def _is_done(self) -> bool:
        found = await asyncio.gather(*(self.api_server.listed(kind) for kind in MOVING))
        return all(is_done(each) for objects in found for each in objects)

    async def write(self, manifest: Json, by: str = "kubectl-client-side-apply") -> None:
        """Make an object that the scenario may change later."""
        self.manifests[manifest["kind"], manifest["metadata"]["name"]] = copy.deepcopy(manifest)
        await self.api_server.create(manifest, by)

    async def edit(self, kind: str, name: str, edit: Callable[[Json], Any], by: str = "kubectl-edit") -> None:
        """Change an object in place, as one hand does."""
        before = self.manifests[kind, name]
        after = copy.deepcopy(before)
        edit(after)
        self.manifests[kind, name] = after
        body = after if by in APPLIERS else difference(before, after)
        await self.api_server.patch(kind, name, body, by)

    async def remove(self, kind: str, name: str) -> None:
        """Delete an object."""
        await self.api_server.remove(kind, name)

    async def roll(
        self, name: str, tag: str = "", *, by: str = "kubectl-set", env: Json | None = None, **more: Any
    ) -> None:
        """Roll a workload out: another image, other variables, or any other fields of its container."""

        def edit(made: Json) -> None:
            container = made["spec"]["template"]["spec"]["containers"][0]
            if tag:
                container["image"] = f"{shop.REGISTRY}/{name}:{tag}"
            known = {each["name"]: each for each in container["env"]}
            known |= {key: {"name": key, "value": value} for key, value in (env or {}).items()}
            container["env"] = list(known.values())
            container.update(more)

        await self.edit(self.kind_of(name), name, edit, by)

    async def restart(self, name: str) -> None:
        """Restart a workload as `kubectl rollout restart` does."""
        mark = {"kubectl.kubernetes.io/restartedAt": written(self.script.now)}

        def edit(made: Json) -> None:
            made["spec"]["template"]["metadata"].setdefault("annotations", {}).update(mark)

        await self.edit(self.kind_of(name), name, edit, "kubectl-rollout")

    async def scale(self, name: str, replicas: int, by: str = "kubectl") -> None:
        """Scale a workload."""
        self.manifests[self.kind_of(name), name]["spec"]["replicas"] = replicas
        body = {"spec": {"replicas": replicas}}
        await self.api_server.patch(self.kind_of(name), name, body, by, "scale")

    def kind_of(self, name: str) -> str:
        """Return the kind of a workload."""
        return "StatefulSet" if ("StatefulSet", name) in self.manifests else "Deployment"

    async def fail(self, name: str, ailment: Ailment, *, new: bool = False, count: int = 99) -> None:
        """Have a workload's pods ail from now on: all, only those made from now on, or so many."""
        known = await self.api_server.uids("Pod") if new else frozenset()
        self.kubelet.rule(name, ailment, known, count)

    async def pods(self, name: str) -> list[Json]:
        """Return the pods of a workload."""
        return await self.api_server.listed("Pod", {"labelSelector": f"app={name}"})

    async def tell(
        self, kind: str, name: str, reason: str, message: str, ago: float, until: float, **more: Any
    ) -> None:
        """Write an Event about an object."""
        found = [each for each in await self.api_server.listed(kind) if each["metadata"]["name"] == name]
        await self.kubelet.tell(found[0], event(reason, message, ago, until, **more))

    async def ail_node(self, name: str, condition: str, reason: str, message: str, taint: str = "") -> None:
        """Have a node's condition turn bad now."""
        now = written(self.script.now)
        told = shop.node_conditions(now, condition, reason, message, now)
        await self.api_server.patch("Node", name, {"status": {"conditions": told}}, "kubelet", "status")
        if taint:
            taints = [{"key": taint, "effect": effect, "timeAdded": now} for effect in ("NoSchedule", "NoExecute")]
            await self.api_server.patch("Node", name, {"spec": {"taints": taints}}, "kube-controller-manager")
        self.kubelet.avoided.add(name)


def difference(before: Json, after: Json) -> Json:
    """Return the merge patch that leads from one object to another."""
    made: Json = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key in before and isinstance(value, dict) and isinstance(before[key], dict):
            inner = difference(before[key], value)
            if inner:
                made[key] = inner
        elif before.get(key) != value:
            made[key] = value
    return made


def is_done(obj: Json) -> bool:
    """Tell whether nobody has anything to do for a workload or a pod: a slow machine is no part of a recording."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    if obj["kind"] == "Pod":
        return "deletionTimestamp" not in metadata and bool(status.get("conditions"))
    if status.get("observedGeneration") != metadata["generation"]:
        return False
    cannot = any(each["type"] == "ReplicaFailure" for each in status.get("conditions") or [])
    return cannot or obj["kind"] == "Deployment" or status.get("replicas", 0) == obj["spec"]["replicas"]
