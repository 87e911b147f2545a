"""Whose the pods of a namespace are: found once for each pod, and telling which nodes are looked at."""

import asyncio
from itertools import pairwise

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.kinds.pods import identify_pod
from noctuary.sources.kubernetes.live import nodes_of
from noctuary.sources.kubernetes.live_namespace import BETWEEN_PAUSES, Namespace, members_of
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.rollouts.template import summarize
from noctuary.sources.kubernetes.specs.pods import LivePod
from tests.unit.call_counts import calls_of
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.pods import decoded, pod
from tests.unit.sources.cases.replica_sets import replica_set
from tests.unit.sources.watched_case import Manifest

PATIENT_S = 20.0


def service(name: str, relation: Relation = Relation.DEPENDENCY) -> ServiceView:
    """Return a service that is chosen by its label."""
    return ServiceView(name, relation, "shops", ["shops"], {"app": name})


def placed(name: str, app: str, node: str, *, ready: bool = True) -> Manifest:
    """Return a pod on a node."""
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    return pod(status, name=name, uid=name, labels={"app": app}) | {"spec": {"nodeName": node}}


async def test_each_pod_is_identified_once_for_all_services(kube: KubeClient, listed: ListedObjects) -> None:
    listed.by_path["/api/v1/namespaces/shops/pods"] = [placed(f"p{n}", f"s{n}", "n") for n in range(5)]
    with calls_of(identify_pod) as made:
        view = await make_live_reader(kube, namespaces_s=PATIENT_S)([service(f"s{n}") for n in range(4)])
    assert view is not None
    assert (len(made), [each.name for each in view.pods]) == (5, ["p0", "p1", "p2", "p3"])


def test_nodes_of_the_first_service_come_first_and_of_those_the_nodes_of_unready_pods() -> None:
    found = [
        placed("a", "far", "far-1", ready=False),
        placed("b", "own", "own-1"),
        placed("c", "own", "own-2", ready=False),
    ]
    namespace = Namespace(
        "shops", pods={str(each): decoded(each, LivePod) for each in [*found, placed("d", "none", "no-1")]}
    )
    services = ServiceIndex([service("own", Relation.OWN), service("far")])
    assert nodes_of(members_of(namespace, services)) == ["own-2", "own-1", "far-1"]


async def test_others_have_their_turn_while_many_templates_are_summarised(
    kube: KubeClient, listed: ListedObjects
) -> None:
    made = [replica_set(number, f"shop:{number}", 0) for number in range(4 * BETWEEN_PAUSES)]
    listed.by_path["/apis/apps/v1/namespaces/shops/replicasets"] = made
    seen = [0]
    with calls_of(summarize) as summarised:

        async def watch() -> None:
            while True:
                seen.append(len(summarised))
                await asyncio.sleep(0)

        watching = asyncio.create_task(watch())
        await make_live_reader(kube, namespaces_s=PATIENT_S)([ServiceView("shop", Relation.OWN, "shops", ["shops"])])
        watching.cancel()
    assert seen[-1] == len(made)
    assert max(after - before for before, after in pairwise(seen)) <= BETWEEN_PAUSES
