"""The part of a kubelet and a scheduler: pods get a node and a status, dying ones go, as the scenario says."""

import itertools
from typing import Any, NamedTuple

import msgspec

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import METADATA
from testbed.evaluation.recording.ailments import Ailment, Told, well
from testbed.evaluation.recording.api import Api
from testbed.evaluation.recording.times import Script

Json = dict[str, Any]
WORKLOAD = "app.kubernetes.io/name"
"""The label by which the pods of a scenario tell their workload."""


class Rule(NamedTuple):
    """How the pods of a workload fare: those made since, or all; at most so many of them."""

    workload: str
    ailment: Ailment
    known: frozenset[str]
    most: int


class Kubelet:
    """Looks at the pods of a namespace whenever it is asked to."""

    def __init__(self, api: Api, script: Script, nodes: list[str]) -> None:
        self._api = api
        self._script = script
        self._nodes = itertools.cycle(nodes)
        self._rules: list[Rule] = []
        self._reported: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._numbers = itertools.count()
        self.logs: dict[str, str] = {}
        self.placed: dict[str, str] = {}
        self.avoided: set[str] = set()

    def rule(self, workload: str, ailment: Ailment, known: frozenset[str], count: int) -> None:
        """Say how pods fare from now on, all but the known ones; the newest rule counts."""
        self._rules.append(Rule(workload, ailment, known, count))

    async def look(self) -> bool:
        """Do what is to be done for each pod; return whether there was anything."""
        done = [await self._see(pod) for pod in await self._api.listed("Pod")]
        return any(done)

    async def _see(self, pod: Json) -> bool:
        metadata = pod["metadata"]
        if "deletionTimestamp" in metadata:
            await self._api.remove("Pod", metadata["name"])
            return True
        self._began.setdefault(metadata["uid"], self._script.now)
        index = self._rule_of(pod)
        if self._reported.get(metadata["uid"]) == index:
            return False
        self._reported[metadata["uid"]] = index
        ailment = well if index < 0 else self._rules[index].ailment
        pod["metadata"]["began"] = self._began[metadata["uid"]]
        told = ailment(pod, self._script.now)
        try:
            await self._report(pod, told)
        except KubernetesError as error:
            if not error.not_found:
                raise
        return True

    def _rule_of(self, pod: Json) -> int:
        uid, workload = pod["metadata"]["uid"], pod["metadata"].get("labels", {}).get(WORKLOAD, "")
        held = self._reported.get(uid, -1)
        for index in range(len(self._rules) - 1, -1, -1):
            rule = self._rules[index]
            if rule.workload != workload or uid in rule.known:
                continue
            if held == index or sum(each == index for each in self._reported.values()) < rule.most:
                return index
        return -1

    async def _report(self, pod: Json, told: Told) -> None:
        name, namespace = pod["metadata"]["name"], self._api.namespace
        if told.is_bound and not pod["spec"].get("nodeName"):
            node = next(each for each in self._nodes if each not in self.avoided)
            body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}}
            body |= {"target": {"apiVersion": "v1", "kind": "Node", "name": node}}
            raw = msgspec.json.encode(body)
            await self._api.kube.request("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/binding", body=raw)
            self.placed[name] = node
        await self._api.patch("Pod", name, {"status": told.status}, "kubelet", "status")
        if told.log:
            container = pod["spec"]["containers"][0]["name"]
            crashed = bool(told.status.get("containerStatuses", [{}])[0].get("restartCount"))
            self.logs[f"{namespace}/{name}/{container}{'.previous' if crashed else ''}"] = told.log
        for each in told.events:
            await self.tell(pod, each)

    async def tell(self, about: Json, told: Json) -> None:
        """Write an Event about an object."""
        metadata, event = about["metadata"], dict(told)
        target = {"kind": about["kind"], "apiVersion": about["apiVersion"], "name": metadata["name"]}
        target |= {"uid": metadata["uid"], "fieldPath": event.pop("path", "")}
        target |= {"namespace": metadata["namespace"]} if metadata.get("namespace") else {}
        name = f"{metadata['name']}.{next(self._numbers):08x}"
        namespace = metadata.get("namespace") or "default"
        made = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace}}
        made |= {"involvedObject": target, "reportingComponent": event["source"]["component"], **event}
        raw = msgspec.json.encode(made)
        path = f"/api/v1/namespaces/{namespace}/events"
        await self._api.kube.request("POST", path, query={"fieldManager": "kubelet"}, body=raw, accept=METADATA)
