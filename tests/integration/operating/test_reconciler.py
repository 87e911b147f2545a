"""The reconciler itself, told of an integration by a cache that runs behind the API server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from noctuary.common.egress.policy import only
from noctuary.common.errors import KubernetesError
from noctuary.common.http_client import create_client
from noctuary.kube.client import KubeClient
from noctuary.models.reports import IntegrationReport, ReportPage
from noctuary_operator.act.apply import Applier
from noctuary_operator.act.events import EventRecorder
from noctuary_operator.act.reconcile import Reconciler
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.policy import Policy
from noctuary_operator.resources import paths
from noctuary_operator.resources.objects import LabelledSecret, Meta, NamespaceHead, NamespaceMeta
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
