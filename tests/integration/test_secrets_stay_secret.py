"""A canary in every secret is looked for wherever we write: plain, base64, URL-encoded, JSON-escaped."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube, condition
from testbed.stage.secret_search import leaks, spellings
from testbed.stage.stage import Stage, start_stage
from testbed.stage.user import API_SECRET, signing_secret_name

NAME = "canary"
NETWORKING = "/apis/networking.k8s.io/v1"


@pytest.fixture
async def stage(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Stage]:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        yield stage


async def _provoke(stage: Stage, namespace: str, service: str) -> str:
    """Write a note, then force every failure that could print what it holds; return the incident's id."""
    incident = stage.pagerduty.trigger(service, "Canary page")
    await until("the note stands", lambda: _noted(stage, incident.id))
    url = stage.release.local_url((await _user_secret(stage, namespace))["url"])
    async with httpx.AsyncClient() as client:
        await client.post(url, content=b"{}", headers={"X-PagerDuty-Signature": "v1=00"})
        await client.post(url + "x", content=b"{}")
        await _post_events(client, stage, (await _user_secret(stage, namespace))["ingestKey"])
    stage.pagerduty.rules.add("server-error", path="/incidents/**", times=3)
    stage.pagerduty.rules.add("lose-answer", method="PUT", path="/incidents/**", times=1)
    stage.pagerduty.resolve(incident.id)
    await stage.pagerduty.drained(hurry=True)
    return incident.id


async def _post_events(client: httpx.AsyncClient, stage: Stage, key: str) -> None:
    url = f"http://127.0.0.1:{stage.release.public_port}/v1/events"
    for body in (b'{"service_name": "x"}', b"[[[[", b'{"vendor": "' + key.encode() + b'"}'):
        await client.post(url, content=body, headers={"Authorization": f"Bearer {key}"})
        await client.post(url, content=body, headers={"Authorization": f"Bearer {key}x"})


async def _noted(stage: Stage, incident: str) -> bool:
    return bool(stage.pagerduty.notes(incident))


async def _user_secret(stage: Stage, namespace: str) -> dict[str, str]:
    return await stage.kube.read_secret(namespace, f"{NAME}-webhook") or {}


async def _all_secrets(stage: Stage, namespace: str) -> dict[str, str]:
    found = await _user_secret(stage, namespace)
    own = {name: found[name] for name in ("token", "ingestKey", "signingSecret")}
    internal = await stage.kube.read_secret(stage.release.namespace, "noctuary-internal") or {}
    api = await stage.kube.read_secret(namespace, API_SECRET) or {}
    return own | {"internal token": internal["token"], "API token": api["token"]}


async def _everything_written(stage: Stage, namespace: str, incident: str) -> dict[str, str]:
    release, kube = stage.release, stage.kube
    async with httpx.AsyncClient() as client:
        ports = {"operator": release.operator_port, "receiver": release.internal_port}
        metrics = {
            f"{who} metrics": (await client.get(f"http://127.0.0.1:{port}/metrics")).text for who, port in ports.items()
        }
    return {
        **metrics,
        "operator log": release.operator.log.read_text(),
        "receiver log": release.receiver.log.read_text(),
        "notes": json.dumps([note.content for note in stage.pagerduty.notes(incident)]),
        "Events": json.dumps(await kube.list("/api/v1", None, "events")),
        "resource": json.dumps(await kube.integration(namespace, NAME)),
        "routes": json.dumps(await kube.list(NETWORKING, release.namespace, "ingresses")),
        "ConfigMaps": json.dumps(await kube.list("/api/v1", release.namespace, "configmaps")),
    }


async def _break_the_resource(kube: Kube, namespace: str) -> None:
    """Take the signing secret and the API token away, so that conditions and Events must speak of them."""
    for name in (API_SECRET, signing_secret_name(NAME)):
        await kube.delete("/api/v1", namespace, "secrets", name)

    async def said() -> bool:
        return condition(await kube.integration(namespace, NAME), "Ready").get("status") == "False"

    await until("the condition says it", said)


@pytest.mark.timeout(240)
async def test_no_secret_is_found_in_logs_metrics_events_status_routes_or_notes(stage: Stage) -> None:
    namespace = f"{stage.release.namespace}-team"
    service = await stage.declare(namespace, NAME)
    await stage.kube.patch(GROUP, namespace, PLURAL, NAME, {"spec": {"webhook": {"route": {"type": "Ingress"}}}})
    incident = await _provoke(stage, namespace, service)
    secrets = await _all_secrets(stage, namespace)
    await _break_the_resource(stage.kube, namespace)
    written = await _everything_written(stage, namespace, incident)
    assert all(len(text) > 2 for text in written.values()), "each place was really read"
    assert leaks(secrets, written) == []


def test_the_search_finds_a_canary_in_every_spelling() -> None:
    secret = 'tok/+"abcdefghijkl'
    for text in (
        secret,
        quote(secret, safe=""),
        json.dumps({"a": secret}),
        base64.b64encode(b"xy" + secret.encode()).decode(),
    ):
        assert any(spelling in text for spelling in spellings(secret))
