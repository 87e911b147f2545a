"""A signing secret that signs nothing that comes: the owner is told how many webhooks came, until a signed one does."""

import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import condition
from testbed.stage.stage import Stage, start_stage
from testbed.stage.user import signing_secret_name

NAME = "payments"
SECRET = signing_secret_name(NAME)
QUOTED = "begins and ends with a quotation mark"


@pytest.fixture
async def stage(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Stage]:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        yield stage


async def subscribed(stage: Stage, namespace: str, stored: str = "{}") -> tuple[str, str]:
    """Set up one integration, with the signing secret stored so; return its PagerDuty service and the right secret."""
    service_id = stage.pagerduty.add_service(NAME)
    await stage.user.declare(namespace, NAME, NAME, service_id)
    await said(stage, namespace, "SigningSecretMissing")
    _, right = stage.pagerduty.subscribe(await webhook_url(stage, namespace), scope=service_id)
    await stage.kube.put_secret(namespace, SECRET, {"secret": stored.format(right)})
    await said(stage, namespace, "AwaitingFirstWebhook")
    return service_id, right


async def webhook_url(stage: Stage, namespace: str) -> str:
    secret = await stage.kube.read_secret(namespace, f"{NAME}-webhook") or {}
    return stage.release.local_url(secret["url"])


async def said(stage: Stage, namespace: str, reason: str) -> dict[str, Any]:
    async def found() -> dict[str, Any]:
        return condition(await stage.kube.integration(namespace, NAME), "SubscriptionReady")

    return await until(f"SubscriptionReady {reason}", found, lambda each: each.get("reason") == reason)


async def forge(stage: Stage, namespace: str) -> int:
    """Post what whoever knows the URL can make."""
    url = await webhook_url(stage, namespace)
    headers = {"x-pagerduty-signature": f"v1={hmac.digest(b'guessed', b'{}', 'sha256').hex()}"}
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(url, content=b"{}", headers=headers)).status_code


async def restart(stage: Stage) -> None:
    """Restart both processes; return when the operator has asked the receiver."""
    log, reached = stage.release.directory / "operator.log", "Receiver is reachable"
    before = log.read_text().count(reached)
    programs = (stage.release.receiver, stage.release.operator)
    for program in programs:
        program.stop()
    for program in programs:
        program.start()

    async def asked() -> bool:
        return log.read_text().count(reached) > before

    await until("the operator has asked the receiver", asked)


@pytest.mark.parametrize(("wrong", "hint"), [("{}x", ""), ('"{}"', QUOTED)], ids=["another value", "in quotes"])
async def test_a_wrong_signing_secret_is_a_condition_until_a_signed_webhook_comes(
    stage: Stage, namespace: str, wrong: str, hint: str
) -> None:
    service_id, right = await subscribed(stage, namespace, wrong)
    stage.pagerduty.trigger(service_id, "Errors")
    found = await said(stage, namespace, "SigningSecretWrong")
    assert found["status"] == "False"
    assert "that this secret did not sign" in found["message"]
    assert hint in found["message"]
    await stage.kube.put_secret(namespace, SECRET, {"secret": right})
    await said(stage, namespace, "Active")


async def test_what_was_counted_of_a_wrong_secret_survives_restarts_of_both_processes(
    stage: Stage, namespace: str
) -> None:
    service_id, _ = await subscribed(stage, namespace, "{}x")
    stage.pagerduty.trigger(service_id, "Errors")
    before = await said(stage, namespace, "SigningSecretWrong")
    await restart(stage)
    await stage.kube.put_secret(namespace, "pagerduty-api", {"token": "u+another"})  # has it reconciled
    await until("a reconcile", lambda: token_refused(stage, namespace))
    after = await said(stage, namespace, "SigningSecretWrong")
    assert after["lastTransitionTime"] == before["lastTransitionTime"]
    assert await forge(stage, namespace) == 503


async def token_refused(stage: Stage, namespace: str) -> bool:
    found = condition(await stage.kube.integration(namespace, NAME), "OutboundReady")
    return bool(found["reason"] == "ApiTokenRefused")


async def test_whoever_knows_the_url_cannot_turn_what_has_signed(stage: Stage, namespace: str) -> None:
    service_id, _ = await subscribed(stage, namespace)
    stage.pagerduty.trigger(service_id, "Errors")
    await said(stage, namespace, "Active")
    assert await forge(stage, namespace) == 403
    await restart(stage)
    assert await forge(stage, namespace) == 403
    assert (await said(stage, namespace, "Active"))["status"] == "True"


async def test_a_new_secret_is_counted_anew_and_its_webhooks_are_asked_for_again(stage: Stage, namespace: str) -> None:
    service_id, right = await subscribed(stage, namespace)
    stage.pagerduty.trigger(service_id, "Errors")
    await said(stage, namespace, "Active")
    await stage.kube.put_secret(namespace, SECRET, {"secret": "of-another-subscription"})

    async def refused() -> bool:
        return await forge(stage, namespace) == 503

    await until("the receiver knows the new secret", refused)
    assert "1 webhook came" in (await said(stage, namespace, "SigningSecretWrong"))["message"]
    await stage.kube.put_secret(namespace, SECRET, {"secret": right})
    await said(stage, namespace, "Active")
