"""The chart with `secretAccess: namespaces`, really installed, both programs at work under what it granted."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster
from testbed.log_lines import forbidden_lines
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube, condition
from testbed.stage.stage import Stage
from testbed.stage.user import integration

Install = Callable[..., Awaitable[Stage]]


def secret_rules(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    """Return what the ClusterRole of the operator allows of Secrets."""
    role = json.loads(cluster.kubectl("get", "clusterrole", f"noctuary-operator-{namespace}", "-o", "json"))
    return [rule for rule in role["rules"] if "secrets" in rule["resources"]]


@pytest.mark.timeout(300)
async def test_a_release_serves_the_named_namespaces_and_says_elsewhere_which_role_is_missing(
    cluster: Cluster, installed: Install, kube: Kube, pagerduty: PagerDutySimulator
) -> None:
    names = random_names()
    await kube.make_namespace(names.namespace)
    stage = await installed(secretAccess="namespaces", secretNamespaces=[names.namespace])
    walkthrough = Walkthrough(stage, names, print)
    try:
        assert await check_note(walkthrough, await walkthrough.run()) == []
    finally:
        await walkthrough.end()
    other = names.innocent_namespace
    closed = integration(other, "closed", api_url=pagerduty.url, service="closed", service_id="P0")
    await stage.kube.apply(GROUP, other, PLURAL, closed)

    async def said() -> str | None:
        found = condition(await stage.kube.integration(other, "closed"), "TokenReady")
        return found.get("message") if found.get("status") == "False" else None

    message = await until("the integration says what is missing", said)
    assert f"Role noctuary-operator-secrets-{stage.release.namespace}" in message
    assert f"namespace {other}" in message
    assert await stage.kube.list("/api/v1", other, "secrets") == []
    assert secret_rules(cluster, stage.release.namespace) == []
    assert forbidden_lines(stage.release.operator.log) == []
