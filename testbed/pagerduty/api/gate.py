"""What every REST call passes before it reaches its route: key, rate limit, misbehaviour, headers."""

import asyncio
import json
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from testbed.pagerduty.account.account import Call, SimulatedPagerDuty
from testbed.pagerduty.account.model import Key
from testbed.pagerduty.api import errors
from testbed.pagerduty.api.errors import ApiError
from testbed.pagerduty.rules import Action, Rule

ACCEPTED_TYPES = frozenset({"application/vnd.pagerduty+json;version=2", "application/json", "*/*"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class NoAnswer(Exception):
    """The connection is to be closed without an answer."""


class Gate:
    """ASGI application that wraps the routes and may refuse, delay or swallow what passes."""

    def __init__(self, app: ASGIApp, world: SimulatedPagerDuty) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one call through."""
        request = Request(scope, receive)
        call = Call(request.method, request.url.path, time.monotonic())
        self._world.calls.append(call)
        try:
            response = await self._answer(request)
        except NoAnswer:
            await _close_connection(scope, receive)
            return
        call.status, call.key = response.status_code, self._number_of(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        await request.body()
        try:
            key = self._authenticate(request)
            self._check_limit(request, key)
            await self._take_time()
            strikes = self._world.rules.for_call(request.method, request.url.path)
            early = await self._misbehave(strikes, key, request)
            response = early or await self._routed(request, key, strikes)
        except ApiError as error:
            return self._with_limits(error.response(), request)
        if Action.LOSE_ANSWER in strikes:
            raise NoAnswer
        return self._with_limits(response, request) if early is None else early

    def _authenticate(self, request: Request) -> Key:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        name, _, token = rest.strip().partition("=")
        key = self._world.account.keys.get(token) if scheme == "Token" and name == "token" else None
        if key is None:
            raise errors.unauthorized()
        request.state.key = key
        return key

    def _number_of(self, request: Request) -> int | None:
        key: Key | None = getattr(request.state, "key", None)
        return list(self._world.account.keys).index(key.token) if key is not None else None

    def _check_limit(self, request: Request, key: Key) -> None:
        """Refuse what is beyond the limit, and what comes back sooner than it was told."""
        early_s = self._world.limit.intrusion_s(key.budget)
        if early_s is not None:
            self._world.violation(
                f"{request.method} {request.url.path} came {early_s:.1f} s before the rate limit was to open again"
            )
        within = self._world.limit.take(key.budget)
        if early_s is not None or not within:
            raise errors.rate_limited()

    async def _take_time(self) -> None:
        """Wait as long as a call takes, before it is applied: what a benchmark measures is not flattered."""
        if self._world.latency_s:
            await asyncio.sleep(self._world.latency_s)

    async def _misbehave(self, strikes: dict[Action, Rule], key: Key, request: Request) -> Response | None:
        """Do what the rules ask before the call is applied; return an answer that replaces it."""
        if Action.LOSE_REQUEST in strikes:
            raise NoAnswer
        if rule := strikes.get(Action.HANG):
            await self._hang(rule.seconds, request)
            raise NoAnswer
        if rule := strikes.get(Action.SERVER_ERROR):
            return Response("upstream error", rule.status, media_type="text/plain")
        if rule := strikes.get(Action.RATE_LIMIT):
            return self._made_up_limit(rule, key)
        return None

    async def _hang(self, seconds: float, request: Request) -> None:
        gone = asyncio.ensure_future(_until_disconnect(request.receive))
        try:
            await asyncio.wait({gone}, timeout=seconds)
        finally:
            gone.cancel()

    def _made_up_limit(self, rule: Rule, key: Key) -> Response:
        if not rule.headers:
            return Response(status_code=429)
        self._world.limit.close(key.budget, rule.seconds)
        response = errors.rate_limited().response()
        response.headers.update(self._world.limit.headers(key.budget))
        return response

    async def _routed(self, request: Request, key: Key, strikes: dict[Action, Rule]) -> Response:
        self._check_headers(request, key)
        hidden = strikes.get(Action.HIDE_NOTE)
        request.state.hide_note_s = hidden.seconds if hidden else 0.0
        response = await _captured(self._app, request)
        odd = strikes.get(Action.ODD_ANSWER)
        body = odd.spoiled(json.loads(bytes(response.body))) if odd is not None and response.body else None
        return response if body is None else Response(body, response.status_code, media_type="application/json")

    def _check_headers(self, request: Request, key: Key) -> None:
        what = f"{request.method} {request.url.path}"
        accept = request.headers.get("accept", "*/*").replace(" ", "")
        if not ACCEPTED_TYPES & set(accept.split(",")):
            self._world.violation(f"{what} asked for {accept}, which no version of the API serves")
            raise ApiError(406, 2000, "Not Acceptable", [f"Accept: {accept}"])
        if request.method in _READING:
            return
        if key.read_only:
            raise errors.forbidden()
        kind = request.headers.get("content-type", "").partition(";")[0]
        if request.method != "DELETE" and kind != "application/json":
            self._world.violation(f'{what} came with Content-Type "{kind}" instead of application/json')
            raise errors.invalid("Content-Type must be application/json")

    def _with_limits(self, response: Response, request: Request) -> Response:
        key: Key | None = getattr(request.state, "key", None)
        if key is not None:
            response.headers.update(self._world.limit.headers(key.budget))
        return response


async def _captured(app: ASGIApp, request: Request) -> Response:
    """Run the routes and keep their answer instead of sending it."""
    body = await request.body()
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(request.scope, receive, send)
    content = b"".join(message.get("body", b"") for message in messages[1:])
    response = Response(content, messages[0]["status"])
    response.raw_headers = list(messages[0]["headers"])
    return response


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _close_connection(scope: Scope, receive: Receive) -> None:
    """Cut the TCP connection as a dying load balancer does; the server hands us the transport."""
    scope["state"]["transport"].abort()
    await _until_disconnect(receive)
