"""Release 0.2.0 is upgraded and its policy made narrower while webhooks come in: no route goes, nothing is lost."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from noctuary.models.routing_record import RECORD_KEY, record_secret_name
from testbed.localkube import Cluster, grant
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.webhooks.delivery import DeliverySettings
from testbed.polling import until
from testbed.ports import free_port
from testbed.stage.earlier_release import EarlierRelease
from testbed.stage.kube import GROUP, PLURAL, Kube, condition
from testbed.stage.release import HOST, StagedRelease
from testbed.stage.route_controller import GATEWAY, NETWORKING, RouteController
from testbed.stage.store_audit import audit_inbox, schema_version
from testbed.stage.user import API_SECRET, FROM, integration, signing_secret_name

PAUSE_S = 0.1
"""Between incidents, each with two webhooks: some hundred of them meet the upgrade."""
NOTES_BEFORE = 12
"""Written before the upgrade begins, so that the later release meets them."""
FLOWING = 32
"""Webhooks taken in one after the other: four for each integration."""

INBOX_DEPTH = 'noctuary_queue_depth{queue="inbox"}'
OTHER_HOST = "hooks.example.com"
WIDE = {
    "NOCTUARY_ALLOWED_WEBHOOK_HOSTS": f"{HOST},{OTHER_HOST}",
    "NOCTUARY_ALLOWED_ROUTE_ANNOTATIONS": "example.com/*",
}
NARROW = {
    "NOCTUARY_ALLOWED_WEBHOOK_HOSTS": HOST,
    "NOCTUARY_ALLOWED_ROUTE_ANNOTATIONS": "",
    "NOCTUARY_ALLOWED_INGRESS_CLASSES": "internal",
    "NOCTUARY_ALLOWED_TLS_SECRETS": "wildcard-*",
}
INTERNAL = {"type": "Ingress", "ingressClassName": "internal"}
GATEWAY_ROUTE = {"type": "HTTPRoute", "parentRefs": [{"name": "public", "namespace": "gateways"}]}
ANNOTATED = {"annotations": {"example.com/size": "2m"}}
ROUTES: dict[str, dict[str, Any]] = {
    "host": INTERNAL,
    "annotation": {**INTERNAL, **ANNOTATED},
    "class": {**INTERNAL, "ingressClassName": "nginx"},
    "certificate": {**INTERNAL, "tls": {"secretName": "cert"}},
    "allowed": INTERNAL,
    "gateway-host": GATEWAY_ROUTE,
    "gateway-annotation": {**GATEWAY_ROUTE, **ANNOTATED},
    "gateway-allowed": GATEWAY_ROUTE,
}
"""By the name of the integration: what the narrower policy allows no more of its route."""
KINDS = {"Ingress": (NETWORKING, "ingresses"), "HTTPRoute": (GATEWAY, "httproutes")}
"""By the type of route: the API and plural of its objects."""
REFUSED = {
    "host": ("HostNotAllowed", "policy.webhookHosts"),
    "annotation": ("AnnotationNotAllowed", "policy.routeAnnotations"),
    "class": ("IngressClassNotAllowed", "policy.ingressClassNames"),
    "certificate": ("TLSSecretNotAllowed", "policy.tlsSecretNames"),
    "gateway-host": ("HostNotAllowed", "policy.webhookHosts"),
    "gateway-annotation": ("AnnotationNotAllowed", "policy.routeAnnotations"),
}
CHANGES: dict[str, dict[str, Any]] = {
    "class": {"ingressClassName": "other"},
    "gateway-annotation": {"annotations": {"example.com/size": "3m"}},
}
"""What is asked of two routes after the upgrade, and refused."""


@dataclass
class Upgrade:
    """A release that is to be upgraded, a team with one integration for each of `ROUTES`, and their PagerDuty."""

    earlier: EarlierRelease
    release: StagedRelease
    kube: Kube
    pagerduty: PagerDutySimulator
    team: str

    async def declare(self, name: str, api_token: str) -> str:
        """Write an integration and subscribe to its URL through its route; return the PagerDuty service's id."""
        service = self.pagerduty.add_service(name)
        manifest = integration(self.team, name, api_url=self.pagerduty.url, service=name, service_id=service)
        manifest["spec"]["webhook"] |= {"host": self.host(name), "route": ROUTES[name]}
        await self.kube.put_secret(self.team, API_SECRET, {"token": api_token})
        await self.kube.apply(GROUP, self.team, PLURAL, manifest)
        url = (await until("the webhook Secret", lambda: self.kube.read_secret(self.team, f"{name}-webhook")))["url"]
        _, secret = self.pagerduty.subscribe(url.replace("https://", "http://"), scope=service)
        await self.kube.put_secret(self.team, signing_secret_name(name), {"secret": secret})
        return service

    @staticmethod
    def host(name: str) -> str:
        return OTHER_HOST if name.endswith("host") else HOST

    async def route_ready(self, name: str) -> tuple[str, str, str]:
        """Return status, reason and message of RouteReady."""
        found = condition(await self.kube.integration(self.team, name), "RouteReady")
        return found.get("status", ""), found.get("reason", ""), found.get("message", "")

    async def wait_route_ready(self, name: str, reason: str) -> str:
        """Wait for a reason of RouteReady; return the message."""
        return (await until(f"{name}: {reason}", lambda: self.route_ready(name), lambda found: found[1] == reason))[2]

    async def standing(self, name: str) -> list[Any]:
        """Return an integration's route, webhook Secret and routing record: each must exist, and know it by its uid.

        Release 0.2.0 has no ids, so the Secret's own is told apart.
        """
        found = await self.kube.integration(self.team, name)
        assert found is not None
        key = record_secret_name(found["metadata"]["uid"])
        api, plural = KINDS[ROUTES[name]["type"]]
        route = await self.kube.get(api, self.release.namespace, plural, key)
        record = await self.kube.read_secret(self.release.namespace, key)
        assert route is not None
        assert record is not None
        secret = await self.kube.read_secret(self.team, f"{name}-webhook") or {}
        assert secret.pop("integrationID", found["metadata"]["uid"]) == found["metadata"]["uid"]
        return [route, secret, record[RECORD_KEY]]

    async def page(self, services: list[str]) -> None:
        """Let one incident after the other open and be acknowledged, until cancelled."""
        for number, service in enumerate(itertools.cycle(services)):
            incident = self.pagerduty.trigger(service, f"page {number}")
            self.pagerduty.acknowledge(incident.id)
            await asyncio.sleep(PAUSE_S)

    async def flows(self) -> None:
        """Wait until so many more webhooks were taken in."""
        already = self.pagerduty.ledger.summary()["accepted"]
        await until("webhooks", lambda: self.pagerduty.ledger.summary()["accepted"], lambda n: n >= already + FLOWING)

    async def replace(self, cluster: Cluster) -> None:
        """Give the release its new Roles, then the operator with the narrower policy, then the receiver."""
        await asyncio.to_thread(grant, cluster, self.release.namespace)
        self.release.operator.settings |= NARROW
        for program in (self.release.operator, self.release.receiver):
            await asyncio.to_thread(program.stop)
            program.start()
            await self.flows()
            for name, (reason, setting) in REFUSED.items():
                assert setting in await self.wait_route_ready(name, reason)

    async def ask_for(self, name: str, **route: Any) -> None:
        """Change the spec of a route, and wait until the operator has answered."""
        await self.kube.patch(GROUP, self.team, PLURAL, name, {"spec": {"webhook": {"route": route}}})

        async def is_answered() -> bool:
            found = await self.kube.integration(self.team, name) or {}
            return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])

        await until("the change is answered", is_answered)

    async def end(self) -> None:
        """Wait until every webhook is worked or given up, and each incident has a note; end the receiver."""
        await self.pagerduty.drained(timeout_s=60)
        await until("a note in each incident", self.pagerduty.note_counts, lambda counts: min(counts.values()) > 0)
        await until("no webhook waits", self.waiting, lambda count: count == 0)
        await asyncio.to_thread(self.release.receiver.stop)

    async def waiting(self) -> float:
        """Return how many webhooks wait to be worked, as the receiver counts them when it is asked."""
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"http://127.0.0.1:{self.release.internal_port}/metrics")).text
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(INBOX_DEPTH))


@pytest.fixture
async def upgrade(cluster: Cluster, namespace: str, tmp_path: Path) -> AsyncIterator[Upgrade]:
    """Release 0.2.0, its own programs, Roles and a wide policy; PagerDuty reaches it through its routes."""
    port = free_port()
    delivery = DeliverySettings(connect_to=dict.fromkeys((HOST, OTHER_HOST), f"127.0.0.1:{port}"))
    earlier = EarlierRelease.unpack(tmp_path / "earlier")
    async with (
        PagerDutySimulator(delivery=delivery, requests_per_minute=None) as pagerduty,
        contextlib.AsyncExitStack() as stack,
    ):
        pagerduty.add_user("On-call bot", FROM)
        release = StagedRelease(cluster, pagerduty.url, tmp_path / "release")
        kube = await Kube.connect(cluster.kubeconfig)
        stack.push_async_callback(kube.close)
        stack.push_async_callback(asyncio.to_thread, release.stop)
        cluster.kubectl("create", "namespace", release.namespace)
        release.prepare(grant(cluster, release.namespace, token_file=True, directory=earlier.rbac))
        services = {"noctuary-receiver": f"http://127.0.0.1:{release.public_port}"}
        await stack.enter_async_context(RouteController(kube, release.namespace, services, port))
        release.operator.settings |= WIDE
        earlier.start(release.operator, release.receiver)
        yield Upgrade(earlier, release, kube, pagerduty, namespace)


@pytest.mark.timeout(420)
async def test_an_upgrade_into_a_narrower_policy_takes_no_route_and_loses_and_doubles_nothing(
    cluster: Cluster, upgrade: Upgrade
) -> None:
    pagerduty, data = upgrade.pagerduty, upgrade.release.directory / "data"
    api_token = pagerduty.add_token()
    services = [await upgrade.declare(name, api_token) for name in ROUTES]
    stream = asyncio.create_task(upgrade.page(services))
    for name in ROUTES:
        await upgrade.wait_route_ready(name, "SignedRequestSeen")
    await until("notes of before", pagerduty.note_counts, lambda counts: sum(counts.values()) >= NOTES_BEFORE)
    before, version = {name: await upgrade.standing(name) for name in ROUTES}, schema_version(data)

    await upgrade.replace(cluster)
    after = {name: await upgrade.standing(name) for name in ROUTES}
    for name, change in CHANGES.items():
        await upgrade.ask_for(name, **change)
    await upgrade.flows()
    stream.cancel()
    await upgrade.end()

    sent = pagerduty.ledger.summary()
    assert (sent["accepted"], sent["lost"]) == (sent["webhooks"], 0)
    assert sent["retries"] > 0, "the stream met the upgrade"
    assert set(pagerduty.note_counts().values()) == {1}
    assert after == before
    changed = {name: (await upgrade.standing(name))[:2] for name in CHANGES}
    assert changed == {name: before[name][:2] for name in CHANGES}, "the changed spec is refused"
    states = {name: await upgrade.route_ready(name) for name in ROUTES}
    assert {name: state[:2] for name, state in states.items()} == {
        **{name: ("False", reason) for name, (reason, _) in REFUSED.items()},
        **dict.fromkeys(("allowed", "gateway-allowed"), ("True", "SignedRequestSeen")),
    }
    assert [name for name, (_, setting) in REFUSED.items() if setting not in states[name][2]] == []
    assert schema_version(data) > version, "the store was the earlier release's"
    audit = audit_inbox(data)
    assert (len(audit.webhook_ids), audit.distinct, audit.unfinished) == (sent["webhooks"], sent["webhooks"], 0)
