"""The REST calls that Noctuary makes, each as strict as PagerDuty documents it."""

import json
import re
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from testbed.pagerduty.account.account import SimulatedPagerDuty
from testbed.pagerduty.account.model import Incident, Key, Note, User
from testbed.pagerduty.api import errors
from testbed.pagerduty.api.errors import ApiError, invalid
from testbed.pagerduty.api.query import MAX_LIMIT, Page, read_page, read_statuses, read_zone, select_incidents
from testbed.pagerduty.api.render import ACCOUNT_ZONE, Renderer

MAX_NOTE_BYTES = 65_535
MAX_NOTES = 2_000
"""Per incident."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class RestApi:
    """Endpoints over one world; the gate before them has checked key, rate limit and headers."""

    def __init__(self, world: SimulatedPagerDuty) -> None:
        self._world = world

    def app(self) -> Starlette:
        """Return the routes with PagerDuty's error answers."""
        routes = [
            Route("/users/me", self.me, methods=["GET"]),
            Route("/services", self.services, methods=["GET"]),
            Route("/services/{service_id}", self.service, methods=["GET"]),
            Route("/incidents", self.incidents, methods=["GET"]),
            Route("/incidents/{key}", self.incident, methods=["GET"]),
            Route("/incidents/{key}/alerts", self.alerts, methods=["GET"]),
            Route("/incidents/{key}/log_entries", self.log_entries, methods=["GET"]),
            Route("/incidents/{key}/notes", self.list_notes, methods=["GET"]),
            Route("/incidents/{key}/notes", self.create_note, methods=["POST"]),
            Route("/incidents/{key}/notes/{note_id}", self.edit_note, methods=["PUT"]),
            Route("/incidents/{key}/notes/{note_id}", self.delete_note, methods=["DELETE"]),
        ]
        app = Starlette(routes=routes, exception_handlers={ApiError: _api_error, HTTPException: _http_error})
        app.router.redirect_slashes = False
        return app

    async def me(self, request: Request) -> Response:
        """GET /users/me: the key's person; an account key has none."""
        user = _key(request).user
        if user is None:
            raise invalid("This call needs a user's own key")
        return JSONResponse({"user": self._world.render.user(user)})

    async def services(self, request: Request) -> Response:
        """GET /services, by name or by part of it."""
        page = self._page(request)
        name, part = request.query_params.get("name"), request.query_params.get("query", "").lower()
        found = [s for s in self._world.account.services.values() if name in (None, s.name) and part in s.name.lower()]
        shown = sorted(found, key=lambda service: service.name)
        return JSONResponse(page.cut("services", [self._world.render.service(service) for service in shown]))

    async def service(self, request: Request) -> Response:
        """GET /services/{id}."""
        service = self._world.account.services.get(request.path_params["service_id"])
        if service is None:
            raise errors.not_found()
        return JSONResponse({"service": self._world.render.service(service)})

    async def incidents(self, request: Request) -> Response:
        """GET /incidents in a range of time."""
        page = self._page(request)
        zone = read_zone(request.query_params, ACCOUNT_ZONE)
        if "team_ids[]" in request.query_params and not self._world.account.teams:
            raise errors.ability_missing()
        known = list(self._world.account.incidents.values())
        chosen = select_incidents(known, request.query_params, self._world.clock.now(), zone)
        render = Renderer(self._world.account, zone)
        return JSONResponse(page.cut("incidents", [render.incident(incident) for incident in chosen]))

    async def incident(self, request: Request) -> Response:
        """GET /incidents/{id or number}."""
        return JSONResponse({"incident": self._world.render.incident(self._incident(request))})

    async def alerts(self, request: Request) -> Response:
        """GET /incidents/{id}/alerts."""
        incident, page = self._incident(request), self._page(request)
        statuses = read_statuses(request.query_params, ["triggered", "resolved"])
        key = request.query_params.get("alert_key")
        chosen = [a for a in incident.alerts if a.status in statuses and key in (None, a.alert_key)]
        return JSONResponse(page.cut("alerts", [self._world.render.alert(alert, incident) for alert in chosen]))

    async def log_entries(self, request: Request) -> Response:
        """GET /incidents/{id}/log_entries: the newest first."""
        incident, page = self._incident(request), self._page(request)
        if request.query_params.get("is_overview", "false") not in ("true", "false"):
            raise invalid("is_overview must be true or false")
        render = Renderer(self._world.account, read_zone(request.query_params, ACCOUNT_ZONE))
        shown = [render.log_entry(entry, incident) for entry in reversed(incident.log)]
        return JSONResponse(page.cut("log_entries", shown))

    async def list_notes(self, request: Request) -> Response:
        """GET /incidents/{id}/notes: all of them, the newest first, no pages."""
        notes = self._world.visible_notes(self._incident(request))
        return JSONResponse({"notes": [self._world.render.note(note) for note in reversed(notes)]})

    async def create_note(self, request: Request) -> Response:
        """POST /incidents/{id}/notes answers 200."""
        incident, author = self._incident(request), self._requester(request)
        content = self._content(await request.body())
        if len(incident.notes) >= MAX_NOTES:
            raise invalid(f"An incident holds {MAX_NOTES} notes at most")
        note = self._world.write_note(incident.id, content, author, hidden_s=request.state.hide_note_s)
        return JSONResponse({"note": self._world.render.note(note)})

    async def edit_note(self, request: Request) -> Response:
        """PUT /incidents/{id}/notes/{note_id}."""
        incident = self._incident(request)
        self._requester(request)
        note = _note(incident, request)
        self._world.edit_note(incident, note, self._content(await request.body()))
        return JSONResponse({"note": self._world.render.note(note)})

    async def delete_note(self, request: Request) -> Response:
        """DELETE /incidents/{id}/notes/{note_id} answers 204 and needs no From."""
        incident = self._incident(request)
        self._world.delete_note(incident, _note(incident, request))
        return Response(status_code=204)

    def _page(self, request: Request) -> Page:
        limit = request.query_params.get("limit", "")
        if limit.isdigit() and int(limit) > MAX_LIMIT:
            self._world.violation(f"{request.url.path} was asked for {limit} objects, more than {MAX_LIMIT}")
        return read_page(request.query_params)

    def _incident(self, request: Request) -> Incident:
        incident = self._world.account.incident(request.path_params["key"])
        if incident is None:
            raise errors.incident_not_found()
        return incident

    def _requester(self, request: Request) -> User:
        """Return who writes: the From header's person, or the key's own."""
        key, sender = _key(request), request.headers.get("from")
        if sender is None:
            if key.user is not None:
                return key.user
            self._world.violation(f"{request.method} {request.url.path} came with an account key and no From header")
            raise errors.from_missing()
        if not _EMAIL.fullmatch(sender):
            self._world.violation(f"{request.method} {request.url.path} came with a malformed From header")
            raise errors.from_malformed()
        user = self._world.account.user_by_email(sender)
        if user is None:
            raise errors.from_unknown()
        return user

    def _content(self, body: bytes) -> str:
        content = _note_content(body)
        if content is None or not content.strip():
            self._world.violation("A note was sent without content")
            raise invalid('"note" must be an object with a "content" that is not empty')
        size = len(content.encode())
        if size > MAX_NOTE_BYTES:
            self._world.violation(f"A note of {size} bytes was sent, more than {MAX_NOTE_BYTES}")
            raise invalid(f"A note holds {MAX_NOTE_BYTES} bytes at most, not {size}")
        return content


def _key(request: Request) -> Key:
    key: Key = request.state.key
    return key


def _note(incident: Incident, request: Request) -> Note:
    note = incident.note(request.path_params["note_id"])
    if note is None:
        raise errors.not_found()
    return note


def _note_content(body: bytes) -> str | None:
    try:
        parsed: Any = json.loads(body)
    except ValueError as error:
        raise invalid("The body is not JSON") from error
    note = parsed.get("note") if isinstance(parsed, dict) else None
    content = note.get("content") if isinstance(note, dict) else None
    return content if isinstance(content, str) else None


async def _api_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = 2100 if error.status_code == 404 else 2000
    answer = ApiError(error.status_code, code, str(error.detail), [f"{request.method} {request.url.path}"]).response()
    answer.headers.update(error.headers or {})
    return answer
