"""A tenant that met a quota of the store: its integration says so, through restarts of both programs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.posted_events import EVENT
from testbed.stage.kube import condition
from testbed.stage.program import Program
from testbed.stage.stage import Stage, start_stage

NAME = "payments"
SERVICES = 10
"""The smallest quota that may be set."""


@pytest.fixture
async def stage(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Stage]:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        yield stage


async def post(stage: Stage, namespace: str, service: str) -> int:
    secret = await stage.kube.read_secret(namespace, f"{NAME}-webhook") or {}
    url = f"http://127.0.0.1:{stage.release.public_port}/v1/events"
    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {secret['ingestKey']}"}
        return (await client.post(url, json={**EVENT, "service_name": service}, headers=headers)).status_code


async def wait_posted(stage: Stage, namespace: str, service: str, *statuses: int) -> None:
    async def answer() -> int | None:
        try:
            return await post(stage, namespace, service)
        except httpx.TransportError:  # it starts
            return None

    await until(f"{service}: {statuses}", answer, lambda found: found in statuses)


async def ready(stage: Stage, namespace: str) -> tuple[str, str, str, str]:
    found = condition(await stage.kube.integration(namespace, NAME), "Ready")
    return found["status"], found["reason"], found["message"], found["lastTransitionTime"]


async def wait_ready(stage: Stage, namespace: str, reason: str) -> tuple[str, str, str, str]:
    return await until(reason, lambda: ready(stage, namespace), lambda found: found[1] == reason)


async def restart(program: Program) -> None:
    await asyncio.to_thread(program.stop)
    program.start()


async def reconciled(stage: Stage) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"http://127.0.0.1:{stage.release.operator_port}/metrics")).text
    except httpx.TransportError:
        return False
    counted = [line.rsplit(" ", 1)[1] for line in text.splitlines() if "reconciles_total{" in line]
    return sum(map(float, counted)) > 0


async def test_a_quota_that_is_met_is_a_condition_through_restarts_of_operator_and_receiver(
    stage: Stage, namespace: str
) -> None:
    release = stage.release
    release.receiver.settings["NOCTUARY_MAX_TENANT_SERVICES"] = str(SERVICES)
    await restart(release.receiver)
    service_id = stage.pagerduty.add_service(NAME)
    await stage.user.declare(namespace, NAME, NAME, service_id)
    await stage.user.subscribe(namespace, NAME, service_id)
    assert await stage.user.wait_ready(namespace, NAME) == "AwaitingFirstWebhook"

    await wait_posted(stage, namespace, "service-0", 200, 201)
    answers = [await post(stage, namespace, f"service-{number}") for number in range(SERVICES + 5)]
    assert 429 in answers
    said = await wait_ready(stage, namespace, "QuotaReached")
    assert said[0] == "True"
    assert f"reached its limits.tenantServices of {SERVICES}" in said[2]

    await asyncio.to_thread(release.receiver.stop)
    await restart(release.operator)
    await until("it has reconciled", lambda: reconciled(stage), bool)
    assert await ready(stage, namespace) == said, "a receiver that is silent changes no condition"

    release.receiver.start()
    await wait_posted(stage, namespace, "service-new", 429)
    assert await ready(stage, namespace) == said, "a receiver that starts knows who is full"
