"""Another system posts to our addresses: the resource says so with its count, and stays Ready."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.webhooks.foreign import PAYLOADS
from testbed.polling import until
from testbed.stage.kube import condition
from testbed.stage.stage import Stage, start_stage

NAME = "payments"


@pytest.fixture
async def stage(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Stage]:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        yield stage


async def send(stage: Stage, kind: str, path: str, key: str = "") -> int:
    sent = PAYLOADS[kind]
    headers = {**sent.headers, **({"authorization": f"Bearer {key}"} if key else {})}
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{stage.release.public_port}{path}{sent.path}"
        return (await client.post(url, content=sent.raw, headers=headers)).status_code


async def wait_said(stage: Stage, namespace: str, type_: str, words: str) -> dict[str, str]:
    async def said() -> dict[str, str]:
        return condition(await stage.kube.integration(namespace, NAME), type_)

    return await until(words, said, lambda found: words in found["message"])


async def test_what_other_systems_send_is_shown_to_the_owner_and_takes_nothing_away(
    stage: Stage, namespace: str
) -> None:
    service_id = stage.pagerduty.add_service(NAME)
    await stage.user.declare(namespace, NAME, NAME, service_id)
    await stage.user.subscribe(namespace, NAME, service_id)
    assert await stage.user.wait_ready(namespace, NAME) == "AwaitingFirstWebhook"
    secret = await stage.kube.read_secret(namespace, f"{NAME}-webhook") or {}
    path = httpx.URL(secret["url"]).path

    async def answer() -> int | None:
        try:
            return await send(stage, "alertmanager", path)
        except httpx.TransportError:  # it starts
            return None

    await until("the receiver knows the URL", answer, lambda status: status == 400)
    said = await wait_said(stage, namespace, "SubscriptionReady", "a notification of Alertmanager or Grafana came")
    assert (said["status"], said["reason"]) == ("True", "ForeignPayloads")
    assert await send(stage, "pagerduty_v2", path) == 202
    await wait_said(stage, namespace, "SubscriptionReady", "a V2 webhook extension of PagerDuty came")
    assert await send(stage, "cloudevents", "/v1/events", secret["ingestKey"]) == 400
    ready = await wait_said(stage, namespace, "Ready", "a CloudEvent came to /v1/events")
    assert (ready["status"], ready["reason"]) == ("True", "ForeignPayloads")

    stage.pagerduty.trigger(service_id, "Errors")
    proven = await wait_said(stage, namespace, "SubscriptionReady", "a signed webhook has come")
    assert (proven["status"], proven["reason"]) == ("True", "Active")
