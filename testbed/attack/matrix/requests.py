"""The attacker's moves over HTTP: signed webhooks, posted events, and addresses that are not its own."""

import json
import secrets
from typing import Any

from testbed.attack.matrix.claims import RESOLVED, claim
from testbed.attack.matrix.moves import Move
from testbed.attack.matrix.sides import ATTACKER, GUESSABLE, VICTIM, Sides
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.webhooks.signing import sign


async def send_webhook(sides: Sides, move: Move, incident: Incident) -> None:
    """Send a webhook to the attacker's own URL, signed with its own secret."""
    body = json.dumps(claim(sides, move.said, incident), separators=(",", ":")).encode()
    headers = sides.attacker.signed(ATTACKER, body, secrets.token_hex(8))
    await sides.say(sides.attacker.keys[ATTACKER].path, body, headers)


async def post_event(sides: Sides, move: Move, _incident: Incident) -> None:
    """Post an event with the attacker's own key that tries to be about the victim's application."""
    event: dict[str, Any] = {
        "service_name": "shop",
        "vendor": "argocd",
        "entity": GUESSABLE,
        "event_type": "deploy",
        "confidence": 1.0,
        "ttl_seconds": 3600,
        "new_value": sides.attacker_canary,
        "actor": f"{sides.attacker_canary} person",
    }
    theirs = sides.victim.namespace
    changes: dict[str, dict[str, Any]] = {
        "same dedup key": {"dedup_key": GUESSABLE},
        "dated next year": {"timestamp": "2099-01-01T00:00:00Z"},
        "names the victim's namespace": {"service_name": f"{theirs}/shop", "tenant": theirs, "namespace": theirs},
    }
    body = json.dumps(event | changes.get(move.name, {})).encode()
    await sides.say("/v1/events", body, {"authorization": f"Bearer {sides.attacker.keys[ATTACKER].ingest_key}"})


async def try_address(sides: Sides, move: Move, incident: Incident) -> None:
    """Send a webhook, signed with the attacker's secret, to a URL that leads to the victim."""
    own, other = sides.attacker.keys[ATTACKER], sides.victim.keys[VICTIM]
    base = "/webhooks/pagerduty"
    paths = {
        "the victim's id with own token": f"{base}/{other.id}/{own.token}",
        "own id with a path to the victim's": f"{base}/{own.id}/{own.token}/../../{other.id}/{own.token}",
        "ingest key as a token": f"{base}/{other.id}/{own.ingest_key}",
        "the victim's URL, own signature": f"{base}/{other.id}/{other.token}",
    }
    body = json.dumps(claim(sides, RESOLVED, incident)).encode()
    headers = {"x-pagerduty-signature": sign(body, own.signing_secret), "x-webhook-id": secrets.token_hex(8)}
    await sides.say(paths[move.name], body, headers)
