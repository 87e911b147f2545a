"""Victim and attacker of one pair, set up with their own rights in namespaces of their own."""

from dataclasses import dataclass, field
from typing import Any

from testbed.attack.accounts import Accounts
from testbed.attack.matrix.pairs import BOGUS, NONE, SAME, Pair
from testbed.attack.place import Place
from testbed.attack.tenant import Tenant
from testbed.polling import until

VICTIM, ATTACKER = "victim", "attacker"
"""Names of both integrations."""
GUESSABLE = "shop-app"
"""What the victim's application is called: an attacker may know as much, and says it."""
BOGUS_TOKEN = "u+this-token-was-never-made"  # noqa: S105 - made up


@dataclass
class Sides:
    """Both tenants, what the attacker was answered, and the words that only the victim may read."""

    place: Place
    pair: Pair
    victim: Tenant
    service: str
    canary: str
    attacker: Tenant
    own_service: str
    answers: list[str] = field(default_factory=list)
    own_incidents: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def attacker_canary(self) -> str:
        """A word in every text of the attacker."""
        return f"forged{self.pair.number}text"

    def secrets(self) -> dict[str, str]:
        """Return what only the victim may know, by name."""
        keys = self.victim.keys[VICTIM]
        return {
            "a canary of the victim": self.canary,
            "the victim's integration by name": f"{self.victim.namespace}/{VICTIM}",
            "the victim's API token": self.victim.api_token,
            "the victim's webhook token": keys.token,
            "the victim's ingest key": keys.ingest_key,
            "the victim's signing secret": keys.signing_secret,
        }

    async def say(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a request of the attacker's; keep the answer, which must not speak of others."""
        answer = await self.place.http.post(self.place.public_url + path, content=body, headers=headers)
        self.answers.append(answer.text)
        return answer.status_code


async def leave(sides: Sides) -> None:
    """Delete the integrations of both."""
    await sides.attacker.remove(ATTACKER)
    await sides.victim.remove(VICTIM)


async def set_up(place: Place, accounts: Accounts, pair: Pair) -> Sides:
    """Declare the victim's integration and give it something to tell; the attacker has a namespace and nothing yet."""
    home, away = accounts.add(f"victim{pair.number}"), accounts.add(f"attacker{pair.number}")
    victim = await place.tenant(f"v{pair.number}", home)
    service = home.add_service("shop")
    own_account = home if pair.token is SAME else away
    attacker = await place.tenant(f"m{pair.number}", own_account)
    own_service = own_account.add_service("own")
    sides = Sides(place, pair, victim, service, f"canary{pair.number}text", attacker, own_service)
    scope = {"type": "account"} if pair.victim_scope == "account" else {"type": "service", "id": service}
    manifest = victim.manifest(VICTIM, accounts.url, "shop", service)
    manifest["spec"]["webhook"]["subscription"]["scope"] = scope
    await victim.declare(manifest)
    subscribed = "account" if pair.victim_scope == "account" else service
    await victim.wait_ready(VICTIM, await victim.subscribe(VICTIM, subscribed))
    await _tell_context(sides)
    return sides


async def _tell_context(sides: Sides) -> None:
    event = {
        "service_name": "shop",
        "vendor": "argocd",
        "entity": GUESSABLE,
        "event_type": "deploy",
        "confidence": 0.97,
        "ttl_seconds": 3600,
        "old_value": f"{sides.canary}-1",
        "new_value": f"{sides.canary}-2",
        "actor": f"{sides.canary}-person",
    }
    headers = {"authorization": f"Bearer {sides.victim.keys[VICTIM].ingest_key}"}
    answer = await sides.place.http.post(sides.place.public_url + "/v1/events", json=event, headers=headers)
    answer.raise_for_status()


async def declare_attacker(sides: Sides, api_url: str) -> None:
    """Declare the attacker's integration as the pair says, and let the receiver know its signing secret."""
    attacker, pair = sides.attacker, sides.pair
    manifest = attacker_manifest(sides, ATTACKER, api_url + pair.spelling)
    token = {NONE: "", BOGUS: BOGUS_TOKEN}.get(pair.token)
    await attacker.declare(manifest, api_token=token)
    if pair.token is BOGUS:
        await attacker.sign_with(ATTACKER, f"chosen-by-{attacker.namespace}")
    else:
        named = sides.service if pair.token is SAME else sides.own_service
        scope = {"account": "account", "victim's service": named}.get(pair.scope, sides.own_service)
        await attacker.subscribe(ATTACKER, scope)

    async def is_loaded() -> bool:
        body = b'{"event":{"id":"01P","event_type":"pagey.ping","data":{"type":"ping"}}}'
        keys = attacker.keys[ATTACKER]
        return await sides.say(keys.path, body, attacker.signed(ATTACKER, body, "ping")) == 202

    await until("the attacker's own webhooks are taken", is_loaded, poll_s=0.3)


def attacker_manifest(sides: Sides, name: str, api_url: str, **changes: Any) -> dict[str, Any]:
    """Build a resource of the attacker's with the scope that the pair declares."""
    pair = sides.pair
    without = {"direction": "inbound", "apiTokenSecretRef": None, "from": None} if pair.token is NONE else {}
    named = sides.service if pair.scope == "victim's service" else sides.own_service
    manifest = sides.attacker.manifest(name, api_url, "own", named, **(without | changes))
    if pair.scope == "account":
        manifest["spec"]["webhook"]["subscription"]["scope"] = {"type": "account"}
    return manifest
