"""Several accounts behind one address, as PagerDuty has them: the token alone tells which one answers."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from testbed.pagerduty.account.account import SimulatedPagerDuty
from testbed.pagerduty.api.gate import Gate
from testbed.pagerduty.api.rest import RestApi
from testbed.pagerduty.server import LoopbackServer


class OneAddress:
    """ASGI application that hands each call to the account that knows its token; else the first one refuses it."""

    def __init__(self, worlds: Sequence[SimulatedPagerDuty]) -> None:
        self._worlds = worlds
        self._apps: list[ASGIApp] = [Gate(RestApi(world).app(), world) for world in worlds]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by token."""
        token = Request(scope).headers.get("authorization", "").partition("token=")[2]
        known = (app for world, app in zip(self._worlds, self._apps, strict=True) if token in world.account.keys)
        await next(known, self._apps[0])(scope, receive, send)


def serve_at_one_address(*worlds: SimulatedPagerDuty) -> LoopbackServer:
    """Return a server, not started yet, that answers for all accounts."""
    return LoopbackServer(OneAddress(worlds), 0)
