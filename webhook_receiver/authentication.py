"""Who sends a request: by the token of its URL and its signature, by an ingest key, or by the operator's token."""

import hmac

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, NotReady
from noctuary.models.routing_record import RoutingRecord, TokenHash
from noctuary.pagerduty.signature import SignatureCheck, verify
from webhook_receiver.asgi import refuse
from webhook_receiver.deps import Deps
from webhook_receiver.token_proofs import valid_secrets

log = structlog.get_logger()

BEARER = b"bearer "


def find_integration(deps: Deps, url_identity: str) -> tuple[RoutingRecord, TokenHash]:
    """Find whose token a webhook URL holds, as `<id>/<token>` or `<token>`; raise Refused or NotReady."""
    _require_fresh_routing(deps)
    *identity, token = url_identity.split("/")
    integration_id = identity[0] if identity else None
    found = deps.routing.by_token(token, clock.now(), integration_id) if len(identity) <= 1 else None
    if found is None and deps.routing.may_hold(integration_id):
        raise NotReady("A routing record cannot be read")
    if found is None or not found[0].takes_webhooks:
        _tell_unknown_token(deps, integration_id)
        raise refuse(404, "unknown_token", "No integration has this URL")
    return found


def find_signer(record: RoutingRecord, body: bytes, signatures: bytes | None) -> str | None:
    """Return the secret of the integration that a body is signed with, None where it is none of them."""
    secrets = valid_secrets(record, clock.now())
    return next((each for each in secrets if verify(body, signatures, [each]) is SignatureCheck.VALID), None)


async def refuse_unsigned(
    deps: Deps, record: RoutingRecord, token: TokenHash, body: bytes, signatures: bytes | None
) -> NoctuaryError:
    """Return the answer, as an error, for a body that is not signed with one of the integration's secrets."""
    secrets = valid_secrets(record, clock.now())
    verdict = verify(body, signatures, [])
    error = f"signature {verdict.value}"
    deps.log_limit.write(
        log.warning, "Webhook rejected", error, record.id, error=error, integration=record.id, secrets=len(secrets)
    )
    if verdict is SignatureCheck.MALFORMED:
        return refuse(400, "malformed", "X-PagerDuty-Signature or the body is missing or malformed")
    if not secrets:
        return NotReady("The signing secret is not known yet")
    if not deps.proofs.is_proven(record, token) or not deps.proofs.has_signed(record):
        # A person who rotates by hand makes a new subscription first and stores its secret a moment later.
        await deps.proofs.note_rejected(deps.store, record)
        return refuse(503, "bad_signature", "The signature matches no secret yet", {"retry-after": "5"})
    return refuse(403, "bad_signature", "The signature matches no signing secret")


def _tell_unknown_token(deps: Deps, shown: str | None) -> None:
    # What stands where an id should may be a token, so only an id that we know is named.
    known = deps.routing.get(shown) if shown else None
    integration_id = known.id if known else ""
    deps.log_limit.write(
        log.info, "Webhook rejected", integration_id, error="unknown token", integration=integration_id or None
    )


def find_sender(deps: Deps, authorization: bytes | None) -> RoutingRecord:
    """Find whose ingest key an Authorization header holds; raise Refused or NotReady."""
    _require_fresh_routing(deps)
    shown = (authorization or b"").strip()
    key = shown[len(BEARER) :].strip() if shown.lower().startswith(BEARER) else b""
    record = deps.routing.by_ingest_key(key.decode("latin-1")) if key else None
    if record is None and key and deps.routing.may_hold(None):
        raise NotReady("A routing record cannot be read")
    if record is None:
        message = "The ingest key is missing or unknown; send Authorization: Bearer <key>"
        raise refuse(401, "unauthorized", message, {"www-authenticate": "Bearer"})
    return record


def check_operator(token: str | None, authorization: str) -> None:
    """Compare the bearer token in constant time; raise Refused, or NotReady while ours is not known yet."""
    if token is None:
        raise NotReady("The internal token is not known yet", retry_after_s=1)
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), token.encode()):
        raise refuse(401, "unauthorized", "The internal token is missing or wrong")


def _require_fresh_routing(deps: Deps) -> None:
    if not deps.routing_is_fresh:
        raise NotReady("Routing records are not loaded or too old")
