import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from noctuary.common import clock
from noctuary.common.metrics import Metrics
from noctuary.incidents.unread import Unread
from noctuary.models.routing_record import (
    RoutingRecord,
    SigningSecret,
    TokenHash,
    encode_record,
    hash_secret,
    record_secret_name,
)
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.serving.limits_met import LimitsMet
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.rows import InboxRow, IntegrationState
from noctuary.store.sqlite.store import SqliteStore
from webhook_receiver.app import create_app
from webhook_receiver.deps import Deps
from webhook_receiver.reports import ReportLog
from webhook_receiver.token_proofs import TokenProofs
from webhook_receiver.traffic.bodies import BodyBudget

NOW = clock.now()
BODY = b'{"event":{"id":"01E","event_type":"incident.triggered"}}'
SECRET = "signing-secret"
RECORD = RoutingRecord(
    id="11111111-2222-3333-4444-555555555555",
    namespace="team-a",
    name="payments",
    created_at=NOW - 1000,
    generation=1,
    direction="bidirectional",
    api_url="https://api.example.com",
    tokens=[
        TokenHash(hash_secret("old"), 1, expires_at=NOW + 3600),
        TokenHash(hash_secret("dead"), 0, expires_at=NOW - 1),
        TokenHash(hash_secret("current"), 2),
    ],
    signing_secrets=[
        SigningSecret(SECRET),
        SigningSecret("previous", expires_at=NOW + 3600),
        SigningSecret("expired", expires_at=NOW - 1),
    ],
)


def secret_of(record: RoutingRecord) -> Secret:
    return Secret(SecretMeta(record_secret_name(record.id)), encode_record(record))


class Receiver:
    def __init__(self, deps: Deps, client: httpx.AsyncClient) -> None:
        self.deps = deps
        self.client = client

    def route(self, **changes: object) -> None:
        self.deps.routing.on_list([secret_of(msgspec.structs.replace(RECORD, **changes))])

    async def post(
        self, path: str = f"{RECORD.id}/current", body: bytes = BODY, **headers: str | None
    ) -> httpx.Response:
        sent: dict[str, str | None] = {"x-webhook-id": "w1", "x-pagerduty-signature": sign(body)}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in sent.items() if value is not None}
        return await self.client.post(f"/webhooks/pagerduty/{path}", content=body, headers=kept)

    async def stored(self) -> list[InboxRow]:
        return await self.deps.store.claim_webhooks(100, 0, NOW + 1e6)

    async def rejected(self) -> int:
        """Return how many webhooks the operator is told of that no signing secret signed."""
        page = await self.deps.reports.since(0, self.deps.store)
        return sum(each.wrong_secret.count for each in page.items if each.wrong_secret is not None)

    def counted(self, outcome: str) -> float | None:
        return self.deps.metrics.registry.get_sample_value("noctuary_webhooks_total", {"outcome": outcome})


def sign(body: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    store = await SqliteStore.open(tmp_path)
    routing = RoutingTable()
    routing.health.confirm()
    metrics = Metrics()
    deps = Deps(store, routing, OperatorToken(), metrics, TokenProofs(), ReportLog(routing, Unread(metrics, routing)))
    transport = httpx.ASGITransport(create_app(deps))
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        made = Receiver(deps, client)
        made.route()
        yield made
    await store.close()


@pytest.mark.parametrize("path", [f"{RECORD.id}/current", "current", f"{RECORD.id}/old", "old"])
async def test_a_signed_webhook_is_stored_as_it_came_and_then_accepted(receiver: Receiver, path: str) -> None:
    answer = await receiver.post(path)
    assert answer.status_code == 202
    [row] = await receiver.stored()
    assert (row.integration_id, row.webhook_id, row.body) == (RECORD.id, "w1", BODY)
    assert receiver.counted("accepted") == 1


async def test_a_repeated_webhook_is_accepted_and_stored_once(receiver: Receiver) -> None:
    assert [(await receiver.post()).status_code for _ in range(2)] == [202, 202]
    assert len(await receiver.stored()) == 1
    assert receiver.counted("duplicate") == 1


async def test_without_an_id_a_webhook_is_recognised_by_its_body(receiver: Receiver) -> None:
    for body in (BODY, BODY, BODY + b" "):
        assert (await receiver.post(body=body, x_webhook_id=None)).status_code == 202
    assert len(await receiver.stored()) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":{"event_type":"pagey.ping"}}',
        b'{"event":{"event_type":"incident.invented"}}',
        b"not JSON",
        b"\xff\xfe",
    ],
)
async def test_whatever_is_signed_is_accepted_unread(receiver: Receiver, body: bytes) -> None:
    assert (await receiver.post(body=body)).status_code == 202


@pytest.mark.parametrize(
    "path",
    [
        "unknown",
        f"{RECORD.id}/unknown",
        "99999999-2222-3333-4444-555555555555/current",
        "dead",
        f"{RECORD.id}/dead",
        f"{RECORD.id}/current/more",
        "",
        f"{RECORD.id}/",
    ],
)
async def test_an_unknown_token_is_not_found(receiver: Receiver, path: str) -> None:
    assert (await receiver.post(path)).status_code == 404
    assert await receiver.stored() == []
    assert receiver.counted("unknown_token") == 1


@pytest.mark.parametrize(
    ("signature", "status", "outcome"),
    [
        (sign(BODY, "previous"), 202, "accepted"),
        (f"v1={'0' * 64}, {sign(BODY)}", 202, "accepted"),
        (sign(BODY, "expired"), 403, "bad_signature"),
        (sign(BODY + b" "), 403, "bad_signature"),
        (None, 400, "malformed"),
        ("v2=00", 400, "malformed"),
    ],
)
async def test_only_an_unexpired_signing_secret_opens(
    receiver: Receiver, signature: str | None, status: int, outcome: str
) -> None:
    await receiver.post(x_webhook_id="first")
    assert (await receiver.post(x_webhook_id="w2", x_pagerduty_signature=signature)).status_code == status
    assert ("w2" in {row.webhook_id for row in await receiver.stored()}) == (status == 202)
    assert (receiver.counted(outcome) or 0) >= 1


async def test_an_empty_body_is_malformed(receiver: Receiver) -> None:
    assert (await receiver.post(body=b"")).status_code == 400


async def test_a_mismatch_on_a_token_that_was_never_proven_asks_for_a_retry(receiver: Receiver) -> None:
    answer = await receiver.post(x_pagerduty_signature=sign(BODY, "not stored yet"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert receiver.counted("bad_signature") == 1


async def test_a_proof_of_the_current_token_holds_for_older_ones_but_not_the_other_way_round(
    receiver: Receiver,
) -> None:
    await receiver.post("old")
    assert (await receiver.post("current", x_pagerduty_signature=sign(b"x"))).status_code == 503
    await receiver.post("current", x_webhook_id="w2")
    assert (await receiver.post("old", x_pagerduty_signature=sign(b"x"))).status_code == 403


async def test_the_newest_proven_token_is_stored_and_stays(receiver: Receiver) -> None:
    for number, path in enumerate(("old", "current", "old")):
        await receiver.post(path, x_webhook_id=str(number))
    facts = await receiver.deps.store.integration_state(RECORD.id)
    assert facts is not None
    assert facts.proven_token_sha256 == hash_secret("current")


async def test_a_proof_outlives_a_restart(receiver: Receiver) -> None:
    await receiver.post()
    reborn = TokenProofs()
    await reborn.load(receiver.deps.store)
    assert reborn.is_proven(RECORD, RECORD.tokens[-1])


CURRENT = RECORD.signing_secrets[0]
OLD = SigningSecret(SECRET, NOW + 86_400)
NEW = SigningSecret("replaced")


@pytest.mark.parametrize(
    ("came", "secrets", "status", "rejected"),
    [
        pytest.param([], [CURRENT], 503, 1, id="nothing has signed"),
        pytest.param(["new"], [NEW, OLD], 403, 0, id="the current one has signed"),
        pytest.param(["old"], [NEW, OLD], 403, 0, id="a replaced one has signed since"),
        pytest.param(["before"], [NEW, OLD], 503, 1, id="a replaced one has signed before it was replaced"),
        pytest.param(["old"], [NEW], 503, 1, id="who has signed counts no more"),
    ],
)
async def test_a_bad_signature_is_counted_while_no_secret_that_counts_has_signed_since_the_current_one(
    receiver: Receiver, came: list[str], secrets: list[SigningSecret], status: int, rejected: int
) -> None:
    receiver.route(signing_secrets=[CURRENT] if came == ["before"] else [NEW, OLD])
    for each in came:
        signed = sign(BODY, NEW.value if each == "new" else OLD.value)
        assert (await receiver.post(x_webhook_id=each, x_pagerduty_signature=signed)).status_code == 202
    receiver.route(signing_secrets=secrets)
    assert (await receiver.post(x_pagerduty_signature=sign(BODY, "guessed"))).status_code == status
    assert await receiver.rejected() == rejected


async def test_rejections_are_stored_once_a_minute_and_counted_all(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await receiver.post(x_pagerduty_signature=sign(BODY, "guessed"))
    assert await receiver.rejected() == 1
    later = clock.now() + 61
    monkeypatch.setattr(clock, "now", lambda: later)
    await receiver.post(x_pagerduty_signature=sign(BODY, "guessed"))
    assert await receiver.rejected() == 4
    await receiver.post()
    assert await receiver.rejected() == 0


async def test_a_token_proven_under_an_earlier_release_counts_as_signed(receiver: Receiver) -> None:
    state = IntegrationState(id=RECORD.id, proven_token_sha256=hash_secret("current"))
    await receiver.deps.store.commit(SaveIntegrationState(state))
    await receiver.deps.proofs.load(receiver.deps.store)
    assert (await receiver.post(x_pagerduty_signature=sign(BODY, "guessed"))).status_code == 403
    assert await receiver.rejected() == 0
    await receiver.post()
    receiver.route(signing_secrets=[NEW])
    await receiver.post(x_pagerduty_signature=sign(BODY, "guessed"))
    assert await receiver.rejected() == 1


async def test_without_a_signing_secret_the_sender_is_asked_to_retry(receiver: Receiver) -> None:
    receiver.route(signing_secrets=[])
    answer = await receiver.post()
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_an_outbound_integration_takes_no_webhooks(receiver: Receiver) -> None:
    receiver.route(direction="outbound")
    assert (await receiver.post()).status_code == 404


async def test_a_suspended_integration_stores_its_webhooks(receiver: Receiver) -> None:
    receiver.route(suspend=True)
    assert (await receiver.post()).status_code == 202
    assert len(await receiver.stored()) == 1


async def test_stale_routing_asks_for_a_retry_even_for_unknown_tokens(receiver: Receiver) -> None:
    receiver.deps.routing_max_age_s = -1
    for path in ("current", "unknown"):
        assert (await receiver.post(path)).status_code == 503
    assert receiver.counted("not_ready") == 2


async def test_an_unreadable_record_asks_for_a_retry(receiver: Receiver) -> None:
    broken = Secret(SecretMeta(record_secret_name(RECORD.id)), {"record.json": "AAAA"})
    receiver.deps.routing.on_list([])
    receiver.deps.routing.on_list([broken])
    assert (await receiver.post("current")).status_code == 503
    assert (await receiver.post(f"{RECORD.id}/current")).status_code == 503
    assert (await receiver.post("99999999-2222-3333-4444-555555555555/current")).status_code == 404


async def test_a_full_disk_is_answered_503_and_heals(receiver: Receiver) -> None:
    store = receiver.deps.store
    assert isinstance(store, SqliteStore)
    write = store._database.write
    pages = await write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await write(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    assert (await receiver.post(body=b"x" * 100_000)).status_code == 503
    await write(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchone())
    assert (await receiver.post(body=b"x" * 100_000)).status_code == 202
    assert len(await receiver.stored()) == 1


async def test_a_body_over_the_cap_is_refused_by_its_length_or_while_it_is_read(receiver: Receiver) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1_000_000

    url = "/webhooks/pagerduty/current"
    assert (await receiver.client.post(url, content=b"x" * 2_097_153)).status_code == 413
    assert (await receiver.client.post(url, content=chunks())).status_code == 413
    assert receiver.counted("too_large") == 2


async def test_bodies_beyond_the_memory_bound_are_asked_to_retry(receiver: Receiver) -> None:
    receiver.deps.bodies = BodyBudget(LimitsMet(Metrics()), small_bytes=2 * len(BODY))
    with receiver.deps.bodies.hold("another", "elsewhere", may_use_reserve=True) as other:
        other.grow(1)
        assert (await receiver.post()).status_code == 503
    assert (await receiver.post()).status_code == 202


async def test_only_post_is_served(receiver: Receiver) -> None:
    assert (await receiver.client.get("/webhooks/pagerduty/current")).status_code == 405


async def test_other_paths_do_not_exist_on_the_public_port(receiver: Receiver) -> None:
    for path in ("/", "/metrics", "/internal/v1/integrations", "/webhooks/pagerduty"):
        assert (await receiver.client.get(path)).status_code == 404
