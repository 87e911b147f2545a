"""A scope that no webhook fits: its owner is told, until one comes that does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import condition
from testbed.stage.stage import Stage, start_stage
from testbed.stage.user import signing_secret_name

NAME = "payments"


@pytest.fixture
async def stage(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Stage]:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        yield stage


async def said(stage: Stage, namespace: str, reason: str) -> dict[str, Any]:
    async def found() -> dict[str, Any]:
        return condition(await stage.kube.integration(namespace, NAME), "SubscriptionReady")

    return await until(f"SubscriptionReady {reason}", found, lambda each: each.get("reason") == reason)


async def test_a_scope_in_lower_case_is_told_until_a_webhook_within_it_comes(stage: Stage, namespace: str) -> None:
    service_id = stage.pagerduty.add_service(NAME)
    await stage.user.declare(namespace, NAME, NAME, service_id.lower())
    await said(stage, namespace, "SigningSecretMissing")
    secret = await stage.kube.read_secret(namespace, f"{NAME}-webhook") or {}
    _, signing = stage.pagerduty.subscribe(stage.release.local_url(secret["url"]), scope=service_id)
    await stage.kube.put_secret(namespace, signing_secret_name(NAME), {"secret": signing})
    await said(stage, namespace, "AwaitingFirstWebhook")
    stage.pagerduty.trigger(service_id, "Errors")
    found = await said(stage, namespace, "OutsideScope")
    assert found["status"] == "True"
    assert f"of service {service_id}, and none was of service {service_id.lower()}" in found["message"]
    await stage.user.declare(namespace, NAME, NAME, service_id)
    stage.pagerduty.trigger(service_id, "Errors")
    await said(stage, namespace, "Active")
