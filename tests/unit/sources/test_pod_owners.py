"""Whose a pod is: Deployments, CronJobs, nodes and owners that nobody watches, and the names it may be meant by."""

import pytest

from noctuary.models.naming import names_of
from noctuary.sources.kubernetes.kinds.pods import Pod, identify_pod
from tests.unit.sources.cases.pods import decoded, pod


def owned(kind: str, owner: str, **metadata: object) -> Pod:
    reference = {"kind": kind, "name": owner, "uid": "owner-1", "controller": True}
    return decoded(pod({}, **{"labels": {}, "ownerReferences": [reference]} | metadata))


@pytest.mark.parametrize(
    ("kind", "owner", "labels", "workload"),
    [
        ("ReplicaSet", "shop-5f7", {"pod-template-hash": "5f7"}, ("Deployment", "shop")),
        ("ReplicaSet", "shop-9c1", {"rollouts-pod-template-hash": "9c1"}, ("", "shop")),
        ("ReplicaSet", "bare", {}, ("ReplicaSet", "bare")),
        ("ReplicaSet", "bare", {"pod-template-hash": "5f7"}, ("ReplicaSet", "bare")),
        ("StatefulSet", "db", {}, ("StatefulSet", "db")),
        ("Job", "report-29920920", {}, ("CronJob", "report")),
        ("Job", "report-20260101", {}, ("Job", "report-20260101")),
        ("Job", "build-1795255200", {}, ("Job", "build-1795255200")),
        ("Node", "node-1", {}, ("Pod", "shop-5f7-x")),
        ("Workflow", "import", {}, ("Workflow", "import")),
    ],
)
def test_a_pod_knows_its_workload(kind: str, owner: str, labels: dict[str, str], workload: tuple[str, str]) -> None:
    identity = identify_pod(owned(kind, owner, labels=labels, creationTimestamp="2026-11-21T10:00:10Z"))
    assert (identity.ref.workload_kind, identity.ref.workload_name) == workload
    assert identity.owner_uid == "owner-1"


@pytest.mark.parametrize(("kind", "owner"), [("kubectl delete ns shops", "import"), ("Workflow", "x" * 254)])
def test_what_can_be_no_object_owns_no_pod(kind: str, owner: str) -> None:
    identity = identify_pod(owned(kind, owner))
    assert (identity.ref.workload_kind, identity.ref.workload_name, identity.owner_uid) == ("Pod", "shop-5f7-x", "")


def test_a_run_of_a_cron_job_that_was_missed_for_days_is_still_one() -> None:
    late = owned("Job", "report-29920920", creationTimestamp="2026-11-24T10:00:00Z")
    assert identify_pod(late).ref.workload_kind == "CronJob"


def test_a_static_pod_is_its_own_workload_without_its_node_s_name() -> None:
    static = owned("Node", "node-1", name="kube-apiserver-node-1")
    assert (identify_pod(static).ref.workload_name, identify_pod(static).service_name) == ("kube-apiserver",) * 2


def test_a_pod_without_a_controller_is_its_own_workload() -> None:
    alone = identify_pod(decoded(pod({}, name="debug", ownerReferences=[], labels={})))
    assert (alone.ref.workload_kind, alone.ref.workload_name, alone.owner_uid) == ("Pod", "debug", "")


def test_a_pod_s_claims_are_those_that_it_mounts_and_those_made_for_it() -> None:
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "orders-data"}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
        {"name": "settings", "configMap": {"name": "settings"}},
    ]
    mounting = decoded(pod({}) | {"spec": {"containers": [], "volumes": volumes}})
    assert identify_pod(mounting).claims == ("orders-data", "shop-5f7-x-scratch")


HELM = {"app.kubernetes.io/name": "shop-web", "app.kubernetes.io/instance": "prod"}


@pytest.mark.parametrize("name", ["shop-web", "prod-shop-web"])
def test_what_helm_installed_is_meant_by_chart_and_by_release_with_chart(name: str) -> None:
    assert name in names_of(HELM, "prod-shop-web")


def test_a_release_alone_names_no_workload() -> None:
    assert "prod" not in names_of(HELM, "prod-shop-web")


def test_a_release_named_for_its_chart_names_the_workload() -> None:
    assert names_of({"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "orders-redis"}) == {
        "redis",
        "orders-redis",
    }


@pytest.mark.parametrize("label", ["app", "k8s-app"])
def test_the_older_labels_name_a_workload_too(label: str) -> None:
    assert names_of({label: "web"}, "", "web-1") == {"web", "web-1"}
