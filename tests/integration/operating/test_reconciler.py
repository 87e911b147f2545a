"""The reconciler itself, told of an integration by a cache that runs behind the API server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from noctuary.common.egress.policy import only
from noctuary.common.errors import KubernetesError
from noctuary.common.http_client import create_client
from noctuary.kube.client import KubeClient
from noctuary.models.integration_spec import GROUP, KIND, VERSION
from noctuary.models.reports import IntegrationReport, ReportPage
from noctuary.models.routing_record import INTEGRATION_LABEL, ROLE_LABEL, ROLE_WEBHOOK_SECRET
from noctuary_operator.act.apply import Applier
from noctuary_operator.act.events import EventRecorder
from noctuary_operator.act.reconcile import Reconciler
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.policy import Policy
from noctuary_operator.resources import paths
from noctuary_operator.resources.objects import LabelledSecret, Meta, NamespaceHead, NamespaceMeta, SecretHead
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.receiver_reports import ReceiverReports
from noctuary_operator.watch.secret_values import SecretValues
from testbed.localkube import Cluster

UID = "6f2f8b1e-0000-4000-8000-000000000000"
GONE: dict[str, Any] = {
    "metadata": {
        "name": "payments",
        "namespace": "gone",
        "uid": UID,
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
    "spec": {
        "direction": "inbound",
        "webhook": {
            "host": "noctuary.example.com",
            "route": {"type": "None"},
            "subscription": {
                "management": "Manual",
                "scope": {"type": "account"},
                "signingSecretRef": {"name": "signing", "key": "secret"},
            },
        },
    },
}


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[KubeClient]:
    """A connection of the cluster's administrator."""
    client = await KubeClient.connect(Path(cluster.kubeconfig))
    yield client
    await client.close()


@pytest.fixture
async def reports() -> AsyncIterator[ReceiverReports]:
    """Reports of a receiver that nobody asks."""
    async with create_client(only(None)) as http:
        yield ReceiverReports(http, "http://receiver.test", lambda: None, lambda _: None, OperatorMetrics())


def reconciler_of(client: KubeClient, release: str, raw: dict[str, Any], reports: ReceiverReports) -> Reconciler:
    """A reconciler that knows of one integration and of no namespace."""
    metrics, world = OperatorMetrics(), ClusterView(release, lambda _: None)
    world.integrations.upsert(raw)
    values = SecretValues(client, world, metrics)
    return Reconciler(
        client,
        world,
        Applier(client, world, values, release, metrics),
        values,
        EventRecorder(client, "test", metrics),
        Policy((), (), ()),
        Backend(release, "noctuary-receiver", 8080),
        reports,
        lambda _: False,
    )


async def test_nothing_is_made_for_an_integration_that_went_away_with_its_namespace(
    client: KubeClient, namespace: str, reports: ReceiverReports
) -> None:
    assert await reconciler_of(client, namespace, GONE, reports).reconcile(UID) is None
    with pytest.raises(KubernetesError) as caught:
        await client.get(paths.secrets(namespace, f"noctuary-{UID}"))
    assert caught.value.not_found


async def test_no_token_is_made_where_the_secret_was_collected_with_its_integration(
    client: KubeClient, namespace: str, reports: ReceiverReports
) -> None:
    raw = {**GONE, "metadata": {**GONE["metadata"], "namespace": namespace}}
    reconciler = reconciler_of(client, namespace, raw, reports)
    view, known = reconciler._view, Meta(name=f"noctuary-{UID}", namespace=namespace, resource_version="1")
    view.namespaces.record_write(NamespaceHead(NamespaceMeta(namespace)))
    view.labelled.apply_event("ADDED", LabelledSecret(known))
    assert await reconciler.reconcile(UID) is None
    for path in (paths.secrets(namespace, "payments-webhook"), paths.secrets(namespace, f"noctuary-{UID}")):
        with pytest.raises(KubernetesError) as caught:
            await client.get(path)
        assert caught.value.not_found
    assert json.loads(await client.get(paths.events(namespace)))["items"] == []


async def test_what_is_reported_late_of_an_integration_that_is_gone_is_dropped(
    client: KubeClient, namespace: str, reports: ReceiverReports
) -> None:
    reconciler = reconciler_of(client, namespace, GONE, reports)
    reports._merge(ReportPage("boot", 1, [IntegrationReport("long-gone")]))
    assert await reconciler.reconcile("long-gone") is None
    assert reports.get("long-gone") is None


DATA = {"token": "b2xk"}


async def secret_of_another(client: KubeClient, namespace: str) -> bytes:
    """Create an integration of the same name and another uid, and its webhook Secret; return the Secret."""
    api_version = f"{GROUP}/{VERSION}"
    head = {"apiVersion": api_version, "kind": KIND, "metadata": {"name": "payments", "namespace": namespace}}
    path = paths.integrations(namespace)
    uid = json.loads(await client.create(path, {**head, "spec": GONE["spec"]}))["metadata"]["uid"]
    owner = {"apiVersion": api_version, "kind": KIND, "name": "payments", "uid": uid}
    labels = {ROLE_LABEL: ROLE_WEBHOOK_SECRET, INTEGRATION_LABEL: UID}
    metadata = {"name": "payments-webhook", "labels": labels, "ownerReferences": [owner]}
    return await client.create(
        paths.secrets(namespace), {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": DATA}
    )


async def let_go(client: KubeClient, namespace: str, created: bytes) -> bytes:
    """Take the owner from a webhook Secret, as the garbage collector does for `--cascade=orphan`."""
    obj = json.loads(created)
    del obj["metadata"]["ownerReferences"]
    return await client.replace(paths.secrets(namespace, "payments-webhook"), obj)


async def test_a_secret_that_is_let_go_is_not_taken_back_by_the_integration_that_is_deleted(
    client: KubeClient, namespace: str, reports: ReceiverReports
) -> None:
    raw = {**GONE, "metadata": {**GONE["metadata"], "namespace": namespace}}
    reconciler = reconciler_of(client, namespace, raw, reports)
    view, known = reconciler._view, Meta(name=f"noctuary-{UID}", namespace=namespace, resource_version="1")
    view.namespaces.record_write(NamespaceHead(NamespaceMeta(namespace)))
    view.labelled.apply_event("ADDED", LabelledSecret(known))
    left = await let_go(client, namespace, await secret_of_another(client, namespace))
    view.heads.record_write(msgspec.json.decode(left, type=SecretHead))
    assert await reconciler.reconcile(UID) is None
    assert await client.get(paths.secrets(namespace, "payments-webhook")) == left


@pytest.mark.parametrize("is_seen", [False, True])
async def test_a_webhook_secret_of_which_the_cache_is_behind_is_not_overwritten(
    client: KubeClient, namespace: str, reports: ReceiverReports, *, is_seen: bool
) -> None:
    raw = {**GONE, "metadata": {**GONE["metadata"], "namespace": namespace}}
    reconciler = reconciler_of(client, namespace, raw, reports)
    reconciler._view.namespaces.record_write(NamespaceHead(NamespaceMeta(namespace)))
    created = await secret_of_another(client, namespace)
    if is_seen:
        reconciler._view.heads.record_write(msgspec.json.decode(created, type=SecretHead))
        await let_go(client, namespace, created)
    with pytest.raises(KubernetesError, match="409 Conflict"):
        await reconciler.reconcile(UID)
    found = json.loads(await client.get(paths.secrets(namespace, "payments-webhook")))
    assert found["data"] == DATA
