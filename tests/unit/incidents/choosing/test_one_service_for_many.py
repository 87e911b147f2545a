"""One PagerDuty service for the alerts of a cluster: the note is about the workload that an alert names."""

import time
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.routing_record import ServiceMapping
from noctuary.sources.kubernetes.live_reader import make_live_reader
from testbed.cluster_events import fault, rollout
from testbed.scene import Scene
from tests.unit.kube.listed_objects import ListedObjects
from tests.unit.sources.cases.pods import pod, running

NAMES = [f"svc-{number}" for number in range(12)]
PODS = "/api/v1/namespaces/{}/pods"
PATIENT_S = 20.0
NAMED = "svc-7-5c7d8b9f6-x2x4k"


def mapped(scene: Scene, namespace: str = "payments") -> list[ServiceMapping]:
    """Return twelve workloads behind one PagerDuty service."""
    return [ServiceMapping(name, scene.service, namespaces=[namespace]) for name in NAMES]


def pods(namespace: str = "payments") -> list[dict[str, Any]]:
    """Return a pod that is ready of each workload."""
    ready: dict[str, Any] = {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-21T09:50:00Z"}]
    }
    return [_pod(name, namespace, running({"running": {}}, **ready)) for name in NAMES]


def _pod(name: str, namespace: str, status: dict[str, Any], **more: Any) -> dict[str, Any]:
    owner = {"kind": "ReplicaSet", "name": f"{name}-5c7d8b9f6", "uid": name, "controller": True}
    labels = {"app": name, "pod-template-hash": "5c7d8b9f6"}
    made = pod(status, uid=f"{name}-pod", labels=labels, ownerReferences=[owner])
    made["metadata"] |= {"name": f"{name}-5c7d8b9f6-x2x4k", "namespace": namespace} | more
    return made | {"spec": {}}


async def note_of(scene: Scene, details: Any) -> str:
    """Return the note of an incident whose alert has these details."""
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors", alerts=[{"details": details}])
    await scene.until(lambda: scene.text(incident.id))
    return scene.text(incident.id)


@pytest.fixture
def cluster(scene: Scene, kube: KubeClient, listed: ListedObjects) -> ListedObjects:
    """A cluster of twelve workloads that the scene looks at."""
    scene.live_reader = make_live_reader(kube, namespaces_s=PATIENT_S)
    listed.by_path[PODS.format("payments")] = pods()
    return listed


async def release_all(scene: Scene, namespace: str = "payments") -> None:
    now = time.time()
    events = [rollout(now - 60 - i, workload=name, namespace=namespace) for i, name in enumerate(NAMES)]
    await scene.store.add_events(events)


FORMS = {
    "Alertmanager's text": {"firing": f"Labels:\n - namespace = payments\n - pod = {NAMED}\nAnnotations:\n"},
    "JSON": {"firing": [{"status": "firing", "labels": {"namespace": "payments", "deployment": "svc-7"}}]},
    "Datadog's tags": {"tags": f"env:prod,kube_namespace:payments,pod_name:{NAMED}"},
}


@pytest.mark.parametrize("details", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("is_mapped", [True, False], ids=["mapped", "not mapped"])
async def test_of_twelve_releases_that_of_the_workload_in_the_alert_is_named(
    scene: Scene, cluster: ListedObjects, details: Any, *, is_mapped: bool
) -> None:
    scene.route(services=mapped(scene) if is_mapped else [])
    await release_all(scene)
    text = await note_of(scene, details)
    assert ": svc-7 was rolled out to 2.4.1" in text.splitlines()[0]
    assert "of svc-7, which the alert names," in text
    assert ("and of 11 other services mapped beside it" in text) is is_mapped
    assert cluster.queries


async def test_without_labels_all_of_the_service_stay_its_own(scene: Scene, cluster: ListedObjects) -> None:
    assert cluster.by_path
    scene.route(services=mapped(scene))
    await release_all(scene)
    text = await note_of(scene, {"tried": "1"})
    assert "svc-0, svc-1" in text
    assert "which the alert names" not in text


async def test_a_fault_of_a_neighbour_is_told_and_is_not_likely(scene: Scene, cluster: ListedObjects) -> None:
    assert cluster.by_path
    scene.route(services=mapped(scene))
    now = time.time()
    await scene.store.add_events(
        [rollout(now - 90, workload="svc-3"), fault(now - 60, workload="svc-3", last_seen=now)]
    )
    text = await note_of(scene, FORMS["JSON"])
    assert "svc-3 (not named by the alert) was rolled out" in text
    assert "Likely cause" not in text


async def test_a_namespace_that_is_not_mapped_stays_closed(scene: Scene, cluster: ListedObjects) -> None:
    cluster.by_path[PODS.format("foreign")] = pods("foreign")
    scene.route(services=mapped(scene))
    await release_all(scene, "foreign")
    text = await note_of(scene, {"namespace": "foreign", "deployment": "svc-7"})
    assert "Not looked at: namespace foreign, which the alert names: this integration does not map it." in text
    assert "rolled out" not in text


async def test_a_namespace_that_another_mapping_opens_is_read_when_the_alert_names_it(
    scene: Scene, cluster: ListedObjects
) -> None:
    cluster.by_path[PODS.format("shop")] = pods("shop")
    scene.route(services=[*mapped(scene), ServiceMapping("web", "POTHER", namespaces=["shop"])])
    await release_all(scene, "shop")
    text = await note_of(scene, {"namespace": "shop", "pod": NAMED})
    assert ": svc-7 was rolled out" in text.splitlines()[0]


async def test_what_is_not_there_leaves_the_mapping(scene: Scene, cluster: ListedObjects) -> None:
    assert cluster.by_path
    scene.route(services=mapped(scene)[:1])
    await release_all(scene)
    text = await note_of(scene, {"deployment": "svc-99"})
    assert "Not looked at: Deployment svc-99, which the alert names and which is not there." in text
    assert ": svc-0 was rolled out" in text.splitlines()[0]


async def test_a_silent_cluster_leaves_the_names_of_the_mapping(scene: Scene, cluster: ListedObjects) -> None:
    cluster.silent.add(PODS.format("payments"))
    scene.route(services=mapped(scene))
    await release_all(scene)
    text = await note_of(scene, FORMS["Alertmanager's text"])
    assert ": svc-7 was rolled out" in text.splitlines()[0]


async def test_a_job_whose_pods_were_deleted_is_known_from_what_was_stored(
    scene: Scene, cluster: ListedObjects
) -> None:
    assert cluster.by_path
    scene.route(services=mapped(scene))
    now = time.time()
    job = fault(now - 60, reason="BackoffLimitExceeded", workload="report", workload_kind="CronJob", last_seen=now)
    await scene.store.add_events([job])
    text = await note_of(scene, {"namespace": "payments", "job_name": "report-29871560"})
    assert "of report, which the alert names," in text


async def test_an_edit_tells_what_became_of_the_chosen_workload(scene: Scene, cluster: ListedObjects) -> None:
    assert cluster.by_path
    scene.route(services=[])
    await release_all(scene)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors", alerts=[{"details": FORMS["JSON"]}])
    await scene.until(lambda: scene.text(incident.id))
    await scene.store.add_events([rollout(time.time(), "2.4.0", "2.4.1", "h240", workload="svc-7")])
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: "Resolved" in scene.text(incident.id))
    assert "svc-7" in scene.text(incident.id).splitlines()[0]
