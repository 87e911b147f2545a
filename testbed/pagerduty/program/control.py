"""The control API under /_control: what a person does in PagerDuty's web pages, for programs on this machine."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from testbed.pagerduty.account.account import DEFAULT_EVENTS, SimulatedPagerDuty
from testbed.pagerduty.account.model import Incident, User
from testbed.pagerduty.account.subscriptions import ACCOUNT_SCOPE

PREFIX = "/_control"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class ControlApi:
    """Routes that read JSON, do one thing in the world, and show the result."""

    def __init__(self, world: SimulatedPagerDuty) -> None:
        self._world = world

    def app(self) -> Starlette:
        """Return the routes; what the world refuses becomes 400 or 404 with a sentence."""
        routes = [
            Route("/users", self.add_user, methods=["POST"]),
            Route("/tokens", self.add_token, methods=["POST"]),
            Route("/teams", self.add_team, methods=["POST"]),
            Route("/services", self.add_service, methods=["POST"]),
            Route("/subscriptions", self.subscriptions, methods=["GET"]),
            Route("/subscriptions", self.subscribe, methods=["POST"]),
            Route("/subscriptions/{key}", self.unsubscribe, methods=["DELETE"]),
            Route("/subscriptions/{key}/ping", self.ping, methods=["POST"]),
            Route("/subscriptions/{key}/enable", self.enable, methods=["POST"]),
            Route("/incidents", self.incidents, methods=["GET"]),
            Route("/incidents", self.trigger, methods=["POST"]),
            Route("/incidents/{key}", self.incident, methods=["GET"]),
            Route("/incidents/{key}/acknowledge", self.acknowledge, methods=["POST"]),
            Route("/incidents/{key}/resolve", self.resolve, methods=["POST"]),
            Route("/incidents/{key}/reopen", self.reopen, methods=["POST"]),
            Route("/incidents/{key}/move", self.move, methods=["POST"]),
            Route("/ledger", self.ledger, methods=["GET"]),
            Route("/summary", self.summary, methods=["GET"]),
            Route("/timings", self.timings, methods=["GET"]),
            Route("/violations", self.violations, methods=["GET"]),
            Route("/calls", self.calls, methods=["GET"]),
            Route("/rules", self.rules, methods=["GET"]),
            Route("/rules", self.add_rule, methods=["POST"]),
            Route("/rules", self.clear_rules, methods=["DELETE"]),
            Route("/foreign", self.foreign, methods=["POST"]),
            Route("/clock/advance", self.advance, methods=["POST"]),
            Route("/settings", self.settings, methods=["POST"]),
        ]
        refusals = {ValueError: _bad_request, TypeError: _bad_request, KeyError: _unknown}
        return Starlette(routes=routes, exception_handlers=refusals)

    async def add_user(self, request: Request) -> Response:
        """Add a person by name and email."""
        given = await _read(request, "name", "email")
        return JSONResponse(asdict(self._world.add_user(given["name"], given["email"])))

    async def add_token(self, request: Request) -> Response:
        """Make a key: of the account, or of the user with this email."""
        given = await _read(request)
        user = self._user(given.get("email"))
        return JSONResponse({"token": self._world.add_token(user=user, read_only=bool(given.get("read_only")))})

    async def add_team(self, request: Request) -> Response:
        """Add a team by name."""
        given = await _read(request, "name")
        return JSONResponse({"id": self._world.add_team(given["name"]), "name": given["name"]})

    async def add_service(self, request: Request) -> Response:
        """Add a service by name, of the teams with these ids."""
        given = await _read(request, "name")
        key = self._world.add_service(given["name"], given.get("teams", ()))
        return JSONResponse({"id": key, "name": given["name"]})

    async def subscriptions(self, _: Request) -> Response:
        """List the subscriptions, without secrets."""
        now = self._world.clock.now()
        return JSONResponse([each.as_json(now) for each in self._world.courier.subscriptions.values()])

    async def subscribe(self, request: Request) -> Response:
        """Make a subscription; its secret is shown here and never again."""
        given = await _read(request, "url")
        scope, events = given.get("scope", ACCOUNT_SCOPE), given.get("events") or DEFAULT_EVENTS
        key, secret = self._world.subscribe(given["url"], scope, events)
        return JSONResponse({"id": key, "secret": secret})

    async def unsubscribe(self, request: Request) -> Response:
        """Delete a subscription."""
        self._world.unsubscribe(request.path_params["key"])
        return Response(status_code=204)

    async def ping(self, request: Request) -> Response:
        """Send the test event."""
        return JSONResponse({"webhook_id": self._world.ping(request.path_params["key"]).id})

    async def enable(self, request: Request) -> Response:
        """Switch a disabled subscription on again."""
        self._world.enable(request.path_params["key"])
        return Response(status_code=204)

    async def incidents(self, _: Request) -> Response:
        """List all incidents with their note counts."""
        return JSONResponse([_brief(incident) for incident in self._world.account.incidents.values()])

    async def trigger(self, request: Request) -> Response:
        """Open an incident on a service given by id or name."""
        given = await _read(request, "service", "title")
        service = self._world.service_named(given.pop("service"))
        given["at"] = datetime.fromisoformat(given["at"]) if "at" in given else None
        return JSONResponse(_brief(self._world.trigger(service.id, given.pop("title"), **given)))

    async def incident(self, request: Request) -> Response:
        """Show an incident with alerts, notes, webhooks and timing."""
        return JSONResponse(self._show(self._world.incident(request.path_params["key"])))

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge an incident, as the user with this email."""
        given = await _read(request)
        by = self._user(given.get("email"))
        return JSONResponse(_brief(self._world.acknowledge(request.path_params["key"], by=by)))

    async def resolve(self, request: Request) -> Response:
        """Resolve an incident, as the user with this email or as the integration."""
        given = await _read(request)
        by = self._user(given.get("email"))
        return JSONResponse(_brief(self._world.resolve(request.path_params["key"], by=by)))

    async def reopen(self, request: Request) -> Response:
        """Open a resolved incident again, as the user with this email or as anybody."""
        given = await _read(request)
        by = self._person(given.get("email"))
        return JSONResponse(_brief(self._world.reopen(request.path_params["key"], by=by)))

    async def move(self, request: Request) -> Response:
        """Give an incident to another service, as the user with this email or as anybody."""
        given = await _read(request, "service")
        service, by = self._world.service_named(given["service"]), self._person(given.get("email"))
        return JSONResponse(_brief(self._world.move(request.path_params["key"], service.id, by=by)))

    async def ledger(self, _: Request) -> Response:
        """Show every webhook with its attempts."""
        return JSONResponse({"summary": self._world.ledger.summary(), "webhooks": self._world.ledger.as_json()})

    async def summary(self, _: Request) -> Response:
        """Show the counts: losses, duplicates, incidents without a note and with several."""
        counts = self._world.note_counts().values()
        notes = {
            "incidents": len(counts),
            "incidents_without_note": sum(count == 0 for count in counts),
            "incidents_with_several_notes": sum(count > 1 for count in counts),
            "violations": len(self._world.violations),
        }
        return JSONResponse(self._world.ledger.summary() | notes)

    async def timings(self, _: Request) -> Response:
        """Show the monotonic seconds of webhooks and notes by incident."""
        known = self._world.timings.items()
        return JSONResponse(
            {key: asdict(timing) | {"seconds_to_first_note": timing.seconds_to_first_note} for key, timing in known}
        )

    async def violations(self, _: Request) -> Response:
        """Show what clients did wrong, in sentences."""
        return JSONResponse(self._world.violations)

    async def calls(self, _: Request) -> Response:
        """Show every REST call in order."""
        return JSONResponse([asdict(call) for call in self._world.calls])

    async def rules(self, _: Request) -> Response:
        """Show the rules in force with their counts."""
        return JSONResponse([rule.as_json() for rule in self._world.rules.all()])

    async def add_rule(self, request: Request) -> Response:
        """Add a rule; the fields are those of `Rule`."""
        given = await _read(request, "action")
        return JSONResponse(self._world.rules.add(**given).as_json())

    async def clear_rules(self, _: Request) -> Response:
        """Behave again."""
        self._world.rules.clear()
        return Response(status_code=204)

    async def foreign(self, request: Request) -> Response:
        """Send to a URL what another system would: the kinds are those of `PAYLOADS`."""
        given = await _read(request, "url", "kind")
        return JSONResponse({"status": await self._world.courier.send_foreign(given["url"], given["kind"])})

    async def advance(self, request: Request) -> Response:
        """Move the clock ahead by seconds."""
        given = await _read(request, "seconds")
        self._world.clock.advance(float(given["seconds"]))
        return JSONResponse({"now": self._world.clock.now().isoformat(), "offset_s": self._world.clock.offset_s})

    async def settings(self, request: Request) -> Response:
        """Change the latency of REST calls or the rate limit while running."""
        given = await _read(request)
        self._world.latency_s = float(given.get("latency_s", self._world.latency_s))
        self._world.limit.per_minute = given.get("requests_per_minute", self._world.limit.per_minute)
        return JSONResponse({"latency_s": self._world.latency_s, "requests_per_minute": self._world.limit.per_minute})

    def _person(self, email: str | None) -> User:
        person = self._user(email) or next(iter(self._world.account.users.values()), None)
        if person is None:
            raise ValueError("the account has no user: add one first")
        return person

    def _user(self, email: str | None) -> User | None:
        if email is None:
            return None
        user = self._world.account.user_by_email(email)
        if user is None:
            raise KeyError(email)
        return user

    def _show(self, incident: Incident) -> dict[str, Any]:
        world = self._world
        timing = world.timings[incident.id]
        return {
            "incident": world.render.incident(incident),
            "alerts": [world.render.alert(alert, incident) for alert in incident.alerts],
            "notes": [world.render.note(note) for note in incident.notes],
            "deleted_notes": [world.render.note(note) for note in incident.deleted_notes],
            "webhooks": [asdict(webhook) for webhook in world.ledger.of(incident.id)],
            "timing": asdict(timing) | {"seconds_to_first_note": timing.seconds_to_first_note},
        }


class Switch:
    """Sends what is under the prefix to the control API, from this machine only, and the rest to the REST API."""

    def __init__(self, rest: ASGIApp, control: ASGIApp) -> None:
        self._rest = rest
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by path."""
        if not scope["path"].startswith(PREFIX + "/"):
            await self._rest(scope, receive, send)
        elif (scope.get("client") or ("",))[0] not in _LOOPBACK:
            await _refusal(403, "the control API serves this machine only")(scope, receive, send)
        else:
            inner = {**scope, "path": scope["path"].removeprefix(PREFIX)}
            await self._control(inner, receive, send)


def _brief(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "number": incident.number,
        "title": incident.title,
        "status": str(incident.status),
        "service": incident.service.id,
        "notes": len(incident.notes),
    }


async def _read(request: Request, *required: str) -> dict[str, Any]:
    body = await request.body()
    given = json.loads(body) if body else {}
    if not isinstance(given, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 -- bad input, not a programmer's mistake
    missing = [name for name in required if name not in given]
    if missing:
        raise ValueError(f"the body lacks {', '.join(missing)}")
    return given


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


async def _bad_request(_: Request, error: Exception) -> Response:
    return _refusal(400, str(error))


async def _unknown(_: Request, error: Exception) -> Response:
    return _refusal(404, f"nothing is known by {error.args[0]}")
