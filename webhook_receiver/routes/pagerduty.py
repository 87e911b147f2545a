"""`POST /webhooks/pagerduty/<id>/<token>` and `/webhooks/pagerduty/<token>`: verified, durable, then answered.

PagerDuty drops what gets a 4xx other than 429 for good: whatever only we can fix is answered with 503.
"""

import hashlib
import time

import structlog

from noctuary.common import clock
from noctuary.common.errors import NotReady
from noctuary.models.routing_record import WEBHOOK_PATH, RoutingRecord, TokenHash
from noctuary.pagerduty.signature import SignatureCheck, verify
from noctuary.store.interface import NewWebhook
from webhook_receiver.asgi import Answer, Receive, Scope, Send, answer_of, header, read_body, refuse, send_answer
from webhook_receiver.deps import Deps

log = structlog.get_logger()

PREFIX = WEBHOOK_PATH + "/"
MAX_WEBHOOK_ID_CHARS = 200
"""Ids of 36 characters were seen; a longer one is replaced by its hash."""
ACCEPTED = Answer(202, "accepted")
DUPLICATE = Answer(202, "duplicate")


class WebhookRoute:
    """The route for PagerDuty, as a plain ASGI application; it never parses a body."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._ack_seconds = deps.metrics.ack_seconds.labels("webhook")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one webhook."""
        started = time.perf_counter()
        answer = await answer_of(handle_request(self._deps, scope, receive))
        self._deps.metrics.webhooks.labels(answer.outcome).inc()
        await send_answer(send, answer)
        self._ack_seconds.observe(time.perf_counter() - started)


async def handle_request(deps: Deps, scope: Scope, receive: Receive) -> Answer:
    """Check a request and store it; raise Refused or NotReady."""
    if scope["method"] != "POST":
        raise refuse(405, "malformed", "Only POST is served here", {"allow": "POST"})
    record, token = find_integration(deps, scope["path"])
    with deps.bodies.hold(scope):
        body = await read_body(scope, receive)
        return await store_webhook(deps, scope, record, token, body)


async def store_webhook(deps: Deps, scope: Scope, record: RoutingRecord, token: TokenHash, body: bytes) -> Answer:
    """Check the signature and make the webhook durable."""
    check_signature(deps, record, token, body, header(scope, b"x-pagerduty-signature"))
    webhook_id = webhook_id_of(header(scope, b"x-webhook-id"), body)
    is_new = await deps.store.add_webhook(NewWebhook(record.id, webhook_id, token.sha256, clock.now(), body))
    deps.wake_worker()
    await deps.proofs.prove(deps.store, record, token)
    log.info("Webhook stored", integration=record.id, webhook_id=webhook_id, is_new=is_new)
    return ACCEPTED if is_new else DUPLICATE


def find_integration(deps: Deps, path: str) -> tuple[RoutingRecord, TokenHash]:
    """Find whose token the path holds."""
    if not deps.routing_is_fresh:
        raise NotReady("Routing records are not loaded or too old")
    *identity, token = path.removeprefix(PREFIX).split("/")
    integration_id = identity[0] if identity else None
    found = deps.routing.by_token(token, clock.now()) if len(identity) <= 1 else None
    if found is None and deps.routing.may_hold(integration_id):
        raise NotReady("A routing record cannot be read")
    if found is None or integration_id not in (None, found[0].id) or not found[0].takes_webhooks:
        log.info("Webhook rejected", error="unknown token", integration=integration_id)
        raise refuse(404, "unknown_token", "No integration has this URL")
    return found


def check_signature(deps: Deps, record: RoutingRecord, token: TokenHash, body: bytes, signatures: bytes | None) -> None:
    """Refuse what is not signed with one of the integration's secrets."""
    now = clock.now()
    secrets = [each.value for each in record.signing_secrets if each.expires_at is None or each.expires_at > now]
    verdict = verify(body, signatures, secrets)
    if verdict is SignatureCheck.VALID:
        return
    log.warning("Webhook rejected", error=f"signature {verdict.value}", integration=record.id, secrets=len(secrets))
    if verdict is SignatureCheck.MALFORMED:
        raise refuse(400, "malformed", "X-PagerDuty-Signature or the body is missing or malformed")
    if not secrets:
        raise NotReady("The signing secret is not known yet")
    if not deps.proofs.is_proven(record, token):
        # A person who rotates by hand makes a new subscription first and stores its secret a moment later.
        raise refuse(503, "bad_signature", "The signature matches no secret yet", {"retry-after": "5"})
    raise refuse(403, "bad_signature", "The signature matches no signing secret")


def webhook_id_of(sent: bytes | None, body: bytes) -> str:
    """Return what recognises a repeated delivery: X-Webhook-Id, else a hash of the body."""
    if not sent:
        return f"sha256:{hashlib.sha256(body).hexdigest()}"
    if len(sent) > MAX_WEBHOOK_ID_CHARS:
        return f"sha256:{hashlib.sha256(sent).hexdigest()}"
    return sent.decode("latin-1")
