"""Two teams' integrations over one store: a victim, and somebody who signs whatever he likes with his own secret."""

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from noctuary.common.clock import format_time
from noctuary.models.context_event import new_event_id
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import Scope, ServiceMapping, hash_secret
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.rows import IntegrationState
from testbed.cluster_events import fault, rollout
from testbed.pagerduty.account.account import SimulatedPagerDuty
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.one_address import serve_at_one_address
from testbed.scene import Scene

VICTIM, FORGER = "victim", "forger"
SIGNERS = ("same account", "reads only", "another account", "bogus token", "no token")
"""What the forger's own credential is."""
SECRET_WORD = "2.4.1"
"""What only the victim's context holds."""

STATUSES = ("triggered", "acknowledged", "resolved", "reopened", "service_updated")
TIMES = ("now", "year 9999", "1970", "a month ago")
HOSTS = ("", "the victim's", "his own")
SERVICES = ("the victim's", "his own", "none")


class Rivals:
    """A scene with both; `other` is the account of a forger who has one of his own."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.other = SimulatedPagerDuty()
        self.other.account.subdomain = "forgers"
        self.forger_service = scene.pd.add_service("forgery")
        self.forger_bot = scene.pd.add_user("Forger", "forger@example.com")
        self.forger_token: str | None = None

    async def set_up(self, signer: str, scope: Scope) -> None:
        """Route both, the victim with a service scope and the forger with any; the victim's workload has context."""
        scene = self.scene
        front = serve_at_one_address(scene.pd, self.other)
        await front.start()
        scene.stack.push_async_callback(front.stop)
        self.forger_token = self._credential(signer)
        mapping = [ServiceMapping("payments-api", scene.service, {}, ["payments"])]
        scene.drop("one")
        scene.route(
            VICTIM, namespace="payments", api_url=front.url, scope=Scope("service", scene.service), services=mapping
        )
        scene.route(
            FORGER,
            namespace="forgers",
            api_url=front.url,
            api_token=self.forger_token,
            direction="inbound" if signer == "no token" else "bidirectional",
            from_email="forger@example.com",
            scope=scope,
            services=[ServiceMapping("payments-api", scene.service)],
        )
        proof = IntegrationState(id=FORGER, proven_token_sha256=hash_secret(f"token-{FORGER}"))
        await scene.store.commit(SaveIntegrationState(proof))
        now = time.time()
        await scene.store.add_events([rollout(now - 120), fault(now - 100)])

    def _credential(self, signer: str) -> str | None:
        if signer == "no token":
            return None
        if signer == "bogus token":
            return "bogus-token"
        world = self.other if signer == "another account" else self.scene.pd
        if signer == "another account":
            self.other.add_user("Forger", "forger@example.com")
            self.other.add_service("forgery")
        return world.add_token(read_only=signer == "reads only")

    def forged(self, incident: Incident) -> Iterator[bytes]:
        """Yield every webhook that the forger can make up about an incident."""
        for status, at, host, service in itertools.product(STATUSES, TIMES, HOSTS, SERVICES):
            yield self.webhook(incident, status, at, host, service)

    def webhook(self, incident: Incident, status: str, at: str, host: str, service: str) -> bytes:
        """Return one webhook of the forger's."""
        times = {
            "now": format_time(time.time()),
            "year 9999": "9999-12-31T23:59:59Z",
            "1970": "1970-01-01T00:00:00Z",
            "a month ago": datetime.fromtimestamp(time.time() - 30 * 86400, UTC).isoformat(),
        }
        hosts = {"the victim's": self.scene.account, "his own": "forgers.pagerduty.com"}
        services = {"the victim's": self.scene.service, "his own": self.forger_service}
        data: dict[str, Any] = {
            "type": "incident",
            "id": incident.id,
            "title": "FORGED",
            "status": status if status in ("acknowledged", "resolved") else "triggered",
            "created_at": times[at],
        }
        if host:
            data["html_url"] = f"https://{hosts[host]}/incidents/{incident.id}"
        if service != "none":
            data["service"] = {"id": services[service], "summary": "payments-api"}
        event = {"id": new_event_id(), "event_type": f"incident.{status}", "occurred_at": times[at], "data": data}
        return msgspec.json.encode({"event": event})

    async def worked(self) -> bool:
        """Tell whether nothing waits in the inbox."""
        return (await self.scene.store.depths(time.time())).inbox == 0

    async def victim_is_known(self) -> bool:
        """Tell whether the account of the victim's token was learnt."""
        return (await self.scene.state(VICTIM)).account is not None

    async def victims_row(self, incident: Incident) -> IncidentRow | None:
        """Return what is kept of the victim's incident."""
        row: IncidentRow | None = await self.scene.store.incident(VICTIM, incident.id)
        return row

    async def note(self, incident: Incident) -> NoteRow | None:
        """Return the row of the incident's note."""
        row: NoteRow | None = await self.scene.store.note(self.scene.account, incident.id)
        return row
