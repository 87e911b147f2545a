"""`POST /v1/events`: events of other systems, answered when they are durable."""

import time

import msgspec

from noctuary.common.errors import InvalidInput, NotReady
from noctuary.models.routing_record import RoutingRecord
from noctuary.sources.posted import SOURCE, Batch, ItemError, parse_events
from webhook_receiver.asgi import Answer, Receive, Scope, Send, answer_of, header, read_body, refuse, send_answer
from webhook_receiver.deps import Deps

EVENTS_PATH = "/v1/events"
BEARER = b"bearer "


class Taken(msgspec.Struct, omit_defaults=True):
    """How many events are durable now, and which items were refused."""

    accepted: int
    repeated: int
    errors: list[ItemError] = []


class EventsRoute:
    """The door for other systems, as a plain ASGI application."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._ack_seconds = deps.metrics.ack_seconds.labels("events")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        started = time.perf_counter()
        answer = await answer_of(take(self._deps, scope, receive))
        await send_answer(send, answer)
        self._ack_seconds.observe(time.perf_counter() - started)


async def take(deps: Deps, scope: Scope, receive: Receive) -> Answer:
    """Check who sends, and take what is sent."""
    if scope["method"] != "POST":
        raise refuse(405, "malformed", "Only POST is served here", {"allow": "POST"})
    record = find_sender(deps, header(scope, b"authorization"))
    if (header(scope, b"content-encoding") or b"identity") != b"identity":
        raise refuse(415, "malformed", "Content-Encoding is not supported; send the body as it is")
    with deps.bodies.hold(scope):
        return await take_body(deps, record, header(scope, b"content-type"), await read_body(scope, receive))


async def take_body(deps: Deps, record: RoutingRecord, content_type: bytes | None, body: bytes) -> Answer:
    """Read what is sent and keep what is good."""
    try:
        batch = parse_events(body, (content_type or b"").decode("latin-1"), record.namespace, deps.now())
    except InvalidInput as error:
        _count(deps, "refused", 1)
        return _errors_only([ItemError(0, error.field, error.problem, error.fix)])
    return await keep(deps, batch)


def find_sender(deps: Deps, authorization: bytes | None) -> RoutingRecord:
    """Find whose ingest key the request shows."""
    if not deps.routing_is_fresh:
        raise NotReady("Routing records are not loaded or too old")
    shown = (authorization or b"").strip()
    key = shown[len(BEARER) :].strip() if shown.lower().startswith(BEARER) else b""
    record = deps.routing.by_ingest_key(key.decode("latin-1")) if key else None
    if record is None and key and deps.routing.may_hold(None):
        raise NotReady("A routing record cannot be read")
    if record is None:
        message = "The ingest key is missing or unknown; send Authorization: Bearer <key>"
        raise refuse(401, "unauthorized", message, {"www-authenticate": "Bearer"})
    return record


async def keep(deps: Deps, batch: Batch) -> Answer:
    """Keep the good events and tell of the bad ones."""
    _count(deps, "refused", len(batch.errors))
    if not batch.events:
        return _errors_only(batch.errors)
    added = await deps.store.add_events(batch.events)
    taken = Taken(added.count(True), added.count(False), batch.errors)
    _count(deps, "stored", taken.accepted)
    _count(deps, "repeated", taken.repeated)
    return Answer(207 if batch.errors else 201, "accepted", msgspec.json.encode(taken))


def _errors_only(errors: list[ItemError]) -> Answer:
    return Answer(400, "malformed", msgspec.json.encode(Taken(0, 0, errors)))


def _count(deps: Deps, outcome: str, number: int) -> None:
    if number:
        deps.metrics.events.labels(SOURCE, outcome).inc(number)
