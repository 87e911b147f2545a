"""The receiver's real process, under its own ServiceAccount, against a real API server."""

import asyncio
import contextlib
import json
import signal
import socket
import time
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from noctuary.models.reports import INTERNAL_PATH, ReportPage
from noctuary.models.routing_record import RoutingRecord, SigningSecret, TokenHash, hash_secret
from testbed.localkube import Cluster
from testbed.polling import until
from testbed.relay import Address, Relay
from testbed.stage.receiver_process import BODY, SIGNING_SECRET, ReceiverRelease


def record(namespace: str, token: str = "token-canary", **changes: object) -> RoutingRecord:  # noqa: S107 - made up
    plain = RoutingRecord(
        id="11111111-2222-3333-4444-555555555555",
        namespace=namespace,
        name="payments",
        created_at=time.time(),
        generation=1,
        direction="inbound",
        api_url="https://127.0.0.1:1",
        tokens=[TokenHash(hash_secret(token), 1)],
        signing_secrets=[SigningSecret(SIGNING_SECRET)],
        ingest_key_sha256=hash_secret("key-canary"),
    )
    changed: RoutingRecord = msgspec.structs.replace(plain, **changes)
    return changed


async def test_webhooks_are_accepted_once_their_record_is_there_and_refused_once_it_is_gone(
    release: ReceiverRelease,
) -> None:
    receiver = await release.start()
    await receiver.answers("token-canary", 404)
    release.apply(record(release.namespace))
    await receiver.answers("token-canary", 202)
    await receiver.answers(f"{record('x').id}/token-canary", 202)
    release.delete(record(release.namespace))
    await receiver.answers("token-canary", 404)


async def test_a_rotated_token_takes_effect_at_once_and_the_old_one_lives_for_its_overlap(
    release: ReceiverRelease,
) -> None:
    release.apply(record(release.namespace))
    receiver = await release.start()
    await receiver.answers("token-canary", 202)
    overlap = TokenHash(hash_secret("token-canary"), 1, expires_at=time.time() + 3)
    release.apply(record(release.namespace, tokens=[overlap, TokenHash(hash_secret("new"), 2)]))
    await receiver.answers("new", 202)
    await receiver.answers("token-canary", 404)


async def test_a_record_in_another_namespace_is_not_served(release: ReceiverRelease, cluster: Cluster) -> None:
    stranger = f"{release.namespace}-x"
    cluster.kubectl("create", "namespace", stranger)
    try:
        release.apply(record(release.namespace, "foreign"), stranger)
        release.apply(record(release.namespace))
        receiver = await release.start()
        await receiver.answers("token-canary", 202)
        assert await receiver.post("foreign") == 404
    finally:
        cluster.kubectl("delete", "namespace", stranger, "--wait=false")


async def test_what_was_accepted_is_there_after_kill_9_and_a_restart(release: ReceiverRelease) -> None:
    release.apply(record(release.namespace))
    receiver = await release.start()
    await receiver.answers("token-canary", 202)
    accepted: list[str] = []

    async def deliver(number: int) -> None:
        with contextlib.suppress(httpx.TransportError):
            if await receiver.post("token-canary", f"n{number}", BODY + b" " * number) == 202:
                accepted.append(f"n{number}")
            if len(accepted) == 100:
                receiver.popen.kill()

    slots = asyncio.Semaphore(16)

    async def one_of_16(number: int) -> None:
        async with slots:
            await deliver(number)

    await asyncio.gather(*(one_of_16(number) for number in range(300)))
    await receiver.ended()
    reborn = await release.start()
    await reborn.answers("token-canary", 202)
    reborn.popen.send_signal(signal.SIGTERM)
    assert await reborn.ended() == 0
    stored = reborn.stored()
    assert len(accepted) >= 100
    assert set(accepted) <= set(stored)
    assert len(stored) == len(set(stored))


async def test_a_second_receiver_on_the_same_data_says_so_and_ends(release: ReceiverRelease) -> None:
    await release.start()
    second = release.launch()
    assert await second.ended() == 2
    assert "NOCTUARY_DATA_DIR" in second.log
    assert "in use by another process" in second.log


async def test_an_io_error_ends_the_process_and_nothing_more_is_acked(release: ReceiverRelease) -> None:
    release.apply(record(release.namespace))
    receiver = release.launch(file_limit=2_000_000)
    await receiver.listening()
    await receiver.answers("token-canary", 202)
    accepted = []
    with contextlib.suppress(httpx.TransportError):
        for number in range(100):
            status = await receiver.post("token-canary", f"n{number}", b"x" * 100_000)
            assert status in (202, 503)
            accepted += [f"n{number}"] * (status == 202)
    assert await receiver.ended() == 1
    assert set(accepted) <= set(receiver.stored())
    assert "Background task ended unexpectedly" in receiver.log


async def test_sigterm_ends_it_in_order(release: ReceiverRelease) -> None:
    release.apply(record(release.namespace))
    receiver = await release.start()
    await receiver.answers("token-canary", 202)
    receiver.popen.send_signal(signal.SIGTERM)
    assert await receiver.ended() == 0
    assert receiver.stored() == ["w1"]
    assert "Receiver stopped" in receiver.log


async def test_the_operator_reads_what_is_loaded_with_its_token_only(release: ReceiverRelease) -> None:
    release.apply(record(release.namespace))
    receiver = await release.start()
    assert (await receiver.internal.get(INTERNAL_PATH)).status_code == 503
    release.apply_internal_token("internal-canary")

    async def ask() -> httpx.Response:
        return await receiver.internal.get(INTERNAL_PATH, headers={"authorization": "Bearer internal-canary"})

    await receiver.answers("token-canary", 202)
    answer = await until("the receiver has it so", ask, lambda answer: answer.status_code == 200)
    assert (await receiver.internal.get(INTERNAL_PATH)).status_code == 401
    [report] = msgspec.json.decode(answer.content, type=ReportPage).items
    assert report.proven_token_sha256 == hash_secret("token-canary")
    assert report.last_webhook_at is not None


async def test_a_loaded_record_has_the_version_that_the_operator_computes(release: ReceiverRelease) -> None:
    release.apply_internal_token("internal-canary")
    written = record(release.namespace)
    release.apply(written)
    receiver = await release.start()

    async def loaded() -> list[str]:
        answer = await receiver.internal.get(INTERNAL_PATH, headers={"authorization": "Bearer internal-canary"})
        if answer.status_code != 200:
            return []
        return [item.id for item in msgspec.json.decode(answer.content, type=ReportPage).items]

    await until("the receiver has it so", loaded, lambda found: found == [written.id])


async def test_posted_events_are_taken_with_the_ingest_key(release: ReceiverRelease) -> None:
    release.apply(record(release.namespace))
    receiver = await release.start()
    event = {"service_name": "s", "vendor": "v", "entity": "e", "event_type": "deploy", "confidence": 1}

    async def post() -> httpx.Response:
        lines = "\n".join(json.dumps({**event, "ttl_seconds": ttl}) for ttl in (60, 0))
        return await receiver.public.post("/v1/events", content=lines, headers={"authorization": "Bearer key-canary"})

    answer = await until("the receiver has it so", post, lambda answer: answer.status_code == 207)
    assert [error["field"] for error in answer.json()["errors"]] == ["ttl_seconds"]


async def test_no_secret_is_in_the_log_even_at_debug_level(release: ReceiverRelease) -> None:
    release.apply_internal_token("internal-canary")
    release.apply(record(release.namespace))
    receiver = await release.start()
    await receiver.answers("token-canary", 202)
    await receiver.post("wrong-canary")
    await receiver.public.post("/v1/events", content="{}", headers={"authorization": "Bearer key-canary"})
    await receiver.internal.get(INTERNAL_PATH, headers={"authorization": "Bearer internal-canary"})
    assert "canary" not in receiver.log
    assert "canary" not in (await receiver.internal.get("/metrics")).text


# The API server goes away


@pytest.fixture
async def gate(cluster: Cluster) -> AsyncIterator[Relay]:
    url = httpx.URL(cluster.server)
    gate = Relay(Address(str(url.host), url.port or 443))
    await gate.open()
    yield gate
    await gate.shut()


async def test_without_the_api_server_for_longer_than_the_limit_senders_are_asked_to_come_again(
    release: ReceiverRelease, gate: Relay
) -> None:
    through_gate = release.kubeconfig_through(gate)
    release.apply(record(release.namespace))
    receiver = await release.start(through_gate)
    await receiver.answers("token-canary", 202)
    await gate.shut()
    assert await receiver.post("token-canary") == 202
    await receiver.answers("token-canary", 503)
    assert (await receiver.internal.get("/readyz")).status_code == 503
    assert (await receiver.internal.get("/healthz")).status_code == 200
    await gate.open()
    await receiver.answers("token-canary", 202)
    assert (await receiver.internal.get("/readyz")).status_code == 200


async def test_an_api_server_that_is_away_at_the_start_is_waited_for(release: ReceiverRelease, gate: Relay) -> None:
    through_gate = release.kubeconfig_through(gate)
    release.apply(record(release.namespace))
    await gate.shut()
    receiver = await release.start(through_gate)
    assert await receiver.post("token-canary") == 503
    await gate.open()
    await receiver.answers("token-canary", 202)


async def test_a_half_sent_request_does_not_hold_up_others(release: ReceiverRelease) -> None:
    release.apply(record(release.namespace))
    receiver = await release.start()
    await receiver.answers("token-canary", 202)
    address = receiver.public.base_url
    with socket.create_connection((address.host, address.port or 80)) as slow:
        slow.sendall(b"POST /webhooks/pagerduty/token-canary HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        assert await receiver.post("token-canary") == 202
