"""Paths as people copy them, through the testbed's gateway: what our routes let through, the receiver takes."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hack.image.store import Store
from hack.lib.tether import tethered
from noctuary.models.integration_spec import Webhook, parse_spec
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.routes.kinds import ROUTE_KINDS
from testbed.kind.progress import report
from testbed.polling import until
from testbed.ports import free_port
from tests.unit.receiver.door import BODY, Door, open_door, signature_of

BASE = "/webhooks/pagerduty"
PATHS = [
    f"{BASE}/a/token-a",
    f"{BASE}/a/token-a/",
    f"{BASE}/a/token-a//",
    f"{BASE}/a//token-a",
    f"{BASE}//a/token-a",
    f"//{BASE[1:]}/a/token-a",
    f"{BASE}/a/token-a%20",
]


@pytest.fixture(scope="module")
def traefik() -> Path:
    """Traefik as the clusters of `make e2e` run it."""
    found = next(iter(sorted(Store("kind", report).root.glob("go-traefik-*/traefik"))), None)
    if found is None:
        pytest.skip("Traefik was not built yet: `make e2e` does")
    return found


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A receiver whose ports are open."""
    async with open_door(tmp_path) as made:
        yield made


@pytest.fixture(params=list(ROUTE_KINDS))
def gateway(request: pytest.FixtureRequest, traefik: Path, door: Door, tmp_path: Path) -> Iterator[str]:
    """Traefik with the rule that it makes of a route of ours; its URL."""
    routers = {"ours": {"rule": rule_of(request.param), "service": "receiver"}}
    services = {"receiver": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{door.port}"}]}}}
    file, port = tmp_path / "traefik.json", free_port()
    file.write_text(json.dumps({"http": {"routers": routers, "services": services}}))
    options = [f"--providers.file.filename={file}", f"--entrypoints.web.address=127.0.0.1:{port}"]
    process = subprocess.Popen(tethered([str(traefik), *options], die_with=os.getpid()), stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def rule_of(kind: str) -> str:
    """Return what Traefik makes of the path of a route that the operator makes."""
    spec: dict[str, Any] = ROUTE_KINDS[kind].spec(webhook_of(kind), f"{BASE}/a", Backend("noctuary", "receiver", 80))
    if kind == "Ingress":
        [path] = spec["rules"][0]["http"]["paths"]
        return {"Prefix": "PathPrefix(`{}`)", "Exact": "Path(`{}`)"}[path["pathType"]].format(path["path"])
    [match] = spec["rules"][0]["matches"]
    forms = {"PathPrefix": "Path(`{0}`) || PathPrefix(`{0}/`)", "Exact": "Path(`{}`)"}
    return forms[match["path"]["type"]].format(match["path"]["value"])


def webhook_of(kind: str) -> Webhook:
    route = {"type": kind, **({"parentRefs": [{"name": "public"}]} if kind == "HTTPRoute" else {})}
    subscription = {"signingSecretRef": {"name": "signing", "key": "secret"}}
    webhook = {"host": "noctuary.example.com", "route": route, "subscription": subscription}
    made = parse_spec({"direction": "inbound", "webhook": webhook}).webhook
    assert made is not None
    return made


async def test_a_webhook_gets_through_whatever_slashes_its_path_has(gateway: str, door: Door) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:

        async def post(number: int, path: str) -> int | None:
            headers = {"x-pagerduty-signature": signature_of(BODY), "x-webhook-id": str(number)}
            url = httpx.URL(gateway).copy_with(raw_path=path.encode())
            try:
                return (await client.post(url, content=BODY, headers=headers)).status_code
            except httpx.TransportError:  # it starts
                return None

        await until("the gateway serves", lambda: post(0, PATHS[0]), lambda status: status == 202)
        assert [await post(number, path) for number, path in enumerate(PATHS)] == [202] * len(PATHS)
    assert len(await door.stored()) == len(PATHS)
