"""The two tenants of floods and mutated requests, and a receiver that was just started with an empty store."""

import asyncio
import shutil
from dataclasses import dataclass

from testbed.attack.accounts import Accounts
from testbed.attack.floods.target import Target
from testbed.attack.place import Place
from testbed.attack.tenant import Tenant
from testbed.polling import until

SHOPS = 20
"""Services of the second tenant: so many that none of their tokens confirms more than fifteen incidents a minute."""
LATENCY_S = 0.1
"""PagerDuty's answers take this long: without it a note would stand in 40 ms and every ratio measure this machine."""


@dataclass
class Scene:
    """The two tenants of the floods."""

    place: Place
    accounts: Accounts
    victim: Tenant
    attacker: Tenant
    victim_services: list[str]
    attacker_service: str

    def target(self, seconds: float, seed: int, *, is_internal: bool = False) -> Target:
        """Return what the flooder knows, and which port it sends to."""
        keys, release = self.attacker.keys["flood"], self.place.release
        return Target(
            "127.0.0.1",
            release.internal_port if is_internal else release.public_port,
            keys.path,
            keys.ingest_key,
            keys.signing_secret,
            self.attacker_service,
            seconds,
            seed,
        )


async def make_scene(place: Place, accounts: Accounts) -> Scene:
    """Let both tenants declare an integration of one service each, in accounts of their own."""
    home, away = accounts.add("second"), accounts.add("flooding")
    victim, attacker = await place.tenant("second", home), await place.tenant("flooder", away)
    shops = [_declare(victim, accounts, f"shop-{number}") for number in range(SHOPS)]
    *services, flood = await asyncio.gather(*shops, _declare(attacker, accounts, "flood"))
    home.latency_s = away.latency_s = LATENCY_S
    return Scene(place, accounts, victim, attacker, services, flood)


async def _declare(tenant: Tenant, accounts: Accounts, name: str) -> str:
    """Declare an integration of a new service with an API token of its own; return the id when it is Ready."""
    service = tenant.account.add_service(name)
    manifest = tenant.manifest(name, accounts.url, name, service)
    manifest["spec"]["apiTokenSecretRef"] = await tenant.add_token(f"api-{name}")
    await tenant.declare(manifest, api_token="")
    await tenant.wait_ready(name, await tenant.subscribe(name, service))
    return service


async def fresh_receiver(scene: Scene) -> None:
    """Start the receiver anew with an empty store, so that no flood inherits what another left.

    PagerDuty forgets its incidents, too: with an empty store the receiver would catch up with all of them.
    """
    release = scene.place.release
    for tenant in (scene.victim, scene.attacker):
        for subscription in tenant.account.courier.subscriptions.values():
            subscription.enable()
    await asyncio.to_thread(release.receiver.stop)
    scene.accounts.forget_incidents()
    data = release.directory / "data"
    await asyncio.to_thread(shutil.rmtree, data)
    data.mkdir()
    release.receiver.start()
    await until("the receiver is ready", scene.place.is_ready)
    incident = scene.victim.account.trigger(scene.victim_services[0], "Warm up")

    async def noted() -> bool:
        return bool(scene.victim.account.notes(incident.id))

    await until("the first note stands", noted)
