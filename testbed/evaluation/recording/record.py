"""Play scenarios on a control plane, several side by side, and keep what is there afterwards as bundles."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from noctuary.common.errors import NoctuaryError
from noctuary.kube.client import KubeClient
from testbed.evaluation.recording.ailments import SEEN_UNTIL
from testbed.evaluation.recording.api import CLUSTER_KINDS, PLURALS, Api
from testbed.evaluation.recording.place import Place
from testbed.evaluation.recording.shop import shop_of
from testbed.evaluation.recording.times import written
from testbed.evaluation.scenario import Scenario
from testbed.localkube import LocalKube

Json = dict[str, Any]
SIDE_BY_SIDE = 10
ADDRESSES = "--service-cluster-ip-range=10.96.0.0/16"
"""Each scenario makes eight Services, and none is removed."""
NOT_STARTED = (
    *("horizontal-pod-autoscaler-controller", "node-lifecycle-controller", "taint-eviction-controller"),
    *("cronjob-controller", "pod-garbage-collector-controller"),
)
"""Controllers that would act on the clock of this machine, or on metrics and heartbeats that nobody sends here."""
UNOWNED = frozenset({"Pod", "Event", "EndpointSlice", "Endpoints", "Node"})
"""Kinds whose managed fields tell nothing that is asked, and are half of a bundle: they are left out."""


async def record(scenarios: Iterable[Scenario]) -> tuple[dict[str, Json], list[str]]:
    """Return the bundle of each scenario by its id, and what kept others from being played."""
    found: dict[str, Json] = {}
    failed: list[str] = []
    flags = [f"--controllers=-{name}" for name in NOT_STARTED]
    with LocalKube(controller_manager_flags=flags, apiserver_flags=[ADDRESSES]) as cluster:
        kube = await KubeClient.connect(cluster.kubeconfig)
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one(number: int, scenario: Scenario) -> None:
            async with slots:
                try:
                    found[scenario.id] = await _bundle(kube, number, scenario)
                except (NoctuaryError, LookupError, AssertionError, ValueError) as error:
                    failed.append(f"{scenario.id} cannot be played: {error!r}")
                print(f"{len(found) + len(failed):4} {scenario.id}", flush=True)

        try:
            async with asyncio.TaskGroup() as tasks:
                for number, scenario in enumerate(scenarios):
                    tasks.create_task(one(number, scenario))
        finally:
            await kube.close()
    return found, failed


async def _bundle(kube: KubeClient, number: int, scenario: Scenario) -> Json:
    prefix = f"e{number:03}x-"
    names = shop_of(scenario.id)
    api = Api(kube, prefix + names.ns)
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": api.namespace}})
    place = Place(api, names, prefix, seed=sum(scenario.id.encode()))
    await place.open()
    await scenario.play(place)
    await place.settle()
    objects = [each async for each in _objects(place)]
    told = place.script.rewrite({"objects": objects, "logs": place.kubelet.logs})
    bundle = {
        "id": scenario.id,
        "incident": place.incident | {"captured_at": written(SEEN_UNTIL)},
        **told,
        "mapping": place.mapping,
        "events": place.posted,
        "metrics": place.metrics,
    }
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"))
    return json.loads(text.replace(prefix, ""))  # type: ignore[no-any-return]  # JSON


async def _objects(place: Place) -> Any:
    for kind in PLURALS:
        for obj in await place.api_server.listed(kind):
            if kind in CLUSTER_KINDS and not obj["metadata"]["name"].startswith(place.prefix):
                continue
            if obj["metadata"]["name"] == "kube-root-ca.crt":
                continue
            yield _kept(obj)
    elsewhere = Api(place.api_server.kube, "default")
    for obj in await elsewhere.listed("Event"):
        if obj["involvedObject"]["name"] in place.nodes:
            yield _kept(obj)


def _kept(obj: Json) -> Json:
    if obj["kind"] in UNOWNED:
        obj["metadata"].pop("managedFields", None)
    if obj["kind"] == "Secret":
        obj["data"] = dict.fromkeys(obj.get("data") or {}, "")
        obj["metadata"].pop("managedFields", None)
    return obj
