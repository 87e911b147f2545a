"""`POST /webhooks/pagerduty/<id>/<token>` and `/webhooks/pagerduty/<token>`: verified, durable, then answered.

PagerDuty drops what gets a 4xx other than 429 for good: whatever only we can fix is answered with 503.
"""

import hashlib
import time

import structlog

from noctuary.common import clock
from noctuary.models.routing_record import WEBHOOK_PATH, RoutingRecord, TokenHash
from noctuary.pagerduty.foreign import without_path
from noctuary.store.rows import NewWebhook
from webhook_receiver.asgi import (
    Answer,
    Receive,
    Scope,
    Send,
    answer_of,
    header,
    hold_others,
    observe_ack,
    peer_of,
    read_body,
    refuse,
    send_answer,
)
from webhook_receiver.authentication import find_integration, find_signer, refuse_unsigned
from webhook_receiver.deps import Deps
from webhook_receiver.routes.foreign import recognise_sent, tell_unsigned

log = structlog.get_logger()

PREFIX = WEBHOOK_PATH + "/"
MAX_WEBHOOK_ID_CHARS = 200
"""Ids of 36 characters were seen; a longer one is replaced by its hash."""
ACCEPTED = Answer(202, "accepted")
DUPLICATE = Answer(202, "duplicate")


class WebhookRoute:
    """The route for PagerDuty, as a plain ASGI application; it parses no signed body."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._observe_ack = deps.metrics.ack_seconds.labels("webhook").observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one webhook."""
        started = time.perf_counter()
        answer = await answer_of(handle_request(self._deps, scope, receive))
        self._deps.metrics.webhooks.labels(answer.outcome).inc()
        scope["goes_first"] = answer.status == ACCEPTED.status
        await send_answer(send, answer)
        observe_ack(scope, started, self._observe_ack)


async def handle_request(deps: Deps, scope: Scope, receive: Receive) -> Answer:
    """Authenticate a request and store what it carries; raise Refused or NotReady."""
    if scope["method"] != "POST":
        raise refuse(405, "malformed", "Only POST is served here", {"allow": "POST"})
    identity, kind = without_path(scope["path"].removeprefix(WEBHOOK_PATH).removeprefix("/"))
    record, token = find_integration(deps, identity)
    with deps.bodies.hold(record.id, peer_of(scope), may_use_reserve=True) as held:
        body = await read_body(scope, receive, held)
        signatures = header(scope, b"x-pagerduty-signature")
        if signatures is None:
            tell_unsigned(deps, record, kind or await deps.long_work.run(len(body), recognise_sent, scope, body))
        signer = await deps.long_work.run(len(body), find_signer, record, body, signatures)
        if signer is None:
            raise await refuse_unsigned(deps, record, token, body, signatures)
        webhook_id = await deps.long_work.run(len(body), webhook_id_of, header(scope, b"x-webhook-id"), body)
        with hold_others(scope):
            answer = await store_webhook(deps, record, token, webhook_id, body)
            await deps.proofs.prove(deps.store, record, token, signer)
            return answer


async def store_webhook(deps: Deps, record: RoutingRecord, token: TokenHash, webhook_id: str, body: bytes) -> Answer:
    """Make a verified webhook durable."""
    webhook = NewWebhook(record.id, webhook_id, token.sha256, clock.now(), body, record.namespace)
    is_new = await deps.store.add_webhook(webhook)
    deps.wake_worker()
    log.info("Webhook stored", integration=record.id, webhook_id=webhook_id, is_new=is_new)
    return ACCEPTED if is_new else DUPLICATE


def webhook_id_of(sent: bytes | None, body: bytes) -> str:
    """Return what recognises a repeated delivery: X-Webhook-Id, else a hash of the body."""
    if not sent:
        return f"sha256:{hashlib.sha256(body).hexdigest()}"
    if len(sent) > MAX_WEBHOOK_ID_CHARS:
        return f"sha256:{hashlib.sha256(sent).hexdigest()}"
    return sent.decode("latin-1")
