"""Several PagerDuty accounts behind one API host, as in life: the token says which, and every call is remembered."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Self

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from testbed.pagerduty.account.account import SimulatedPagerDuty
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.api.gate import Gate
from testbed.pagerduty.api.rest import RestApi
from testbed.pagerduty.server import LoopbackServer
from testbed.pagerduty.webhooks.delivery import DeliverySettings
from testbed.pagerduty.webhooks.events import agent_of, incident_data, make_event

DELIVERY = DeliverySettings(first_pause_s=0.5, longest_pause_s=2.0, concurrency=64)
"""A webhook that was refused for a moment comes again within the patience of a cell."""


@dataclass
class Spent:
    """One call of the release, with the token that it spent and when it came and was answered (monotonic seconds)."""

    token: str
    method: str
    path: str
    came: float
    answered: float | None = None


class AttackedAccount(SimulatedPagerDuty):
    """An account whose incidents can exist before anybody is told of them."""

    def tell(self, incident: Incident) -> None:
        """Send the webhook of an incident that was triggered with `deliver=False`."""
        data = incident_data(self.render, incident)
        agent = agent_of(self.render, None, incident.service)
        now = self.clock.now()
        self.courier.publish(make_event("incident.triggered", data, agent, now, incident.service, incident.teams))


class Accounts:
    """The API host of all accounts; an async context manager."""

    def __init__(self) -> None:
        self.spent: list[Spent] = []
        self._accounts: list[tuple[AttackedAccount, ASGIApp]] = []
        self._server = LoopbackServer(self._serve)

    @property
    def url(self) -> str:
        """Base URL of the REST API of every account."""
        return self._server.url

    def add(self, subdomain: str, *, requests_per_minute: int | None = None) -> AttackedAccount:
        """Make an account of its own."""
        account = AttackedAccount(requests_per_minute=requests_per_minute, delivery=DELIVERY)
        account.account.subdomain = subdomain
        self._accounts.append((account, Gate(RestApi(account).app(), account)))
        return account

    def forget_incidents(self) -> None:
        """Let every account be as if no incident had ever been."""
        for account, _gate in self._accounts:
            account.account.forget_incidents()

    def calls_of(self, token: str) -> Counter[tuple[str, str]]:
        """Count the calls that were made with a token, by method and path."""
        return Counter((call.method, call.path) for call in self.spent if call.token == token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        token = request.headers.get("authorization", "").rpartition("=")[2]
        call = Spent(token, request.method, request.url.path, time.monotonic())
        self.spent.append(call)
        await self._gate_of(token)(scope, receive, send)
        call.answered = time.monotonic()

    def _gate_of(self, token: str) -> ASGIApp:
        """Return the account that knows the token; any refuses an unknown one alike."""
        known = [gate for account, gate in self._accounts if token in account.account.keys]
        return known[0] if known else self._accounts[0][1]

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for account, _gate in self._accounts:
            await account.courier.close()
        await self._server.stop()
