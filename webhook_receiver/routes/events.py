"""`POST /v1/events`: events of other systems, answered when they are durable."""

import time

import msgspec

from noctuary.common import clock
from noctuary.common.errors import InvalidInput, NotReady
from noctuary.models.routing_record import RoutingRecord
from noctuary.sources.posted import SOURCE, Batch, ItemError, parse_events
from webhook_receiver.asgi import Answer, Receive, Scope, Send, answer_of, header, read_body, refuse, send_answer
from webhook_receiver.deps import Deps

EVENTS_PATH = "/v1/events"
BEARER = b"bearer "


class EventsAnswer(msgspec.Struct, omit_defaults=True):
    """How many events are durable now, and which items were refused."""

    accepted: int
    repeated: int
    errors: list[ItemError] = []


class EventsRoute:
    """The route for other systems, as a plain ASGI application."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._ack_seconds = deps.metrics.ack_seconds.labels("events")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        started = time.perf_counter()
        answer = await answer_of(handle_request(self._deps, scope, receive))
        await send_answer(send, answer)
        self._ack_seconds.observe(time.perf_counter() - started)


async def handle_request(deps: Deps, scope: Scope, receive: Receive) -> Answer:
    """Check who sends, and store what is sent."""
    if scope["method"] != "POST":
        raise refuse(405, "malformed", "Only POST is served here", {"allow": "POST"})
    record = find_sender(deps, header(scope, b"authorization"))
    if (header(scope, b"content-encoding") or b"identity") != b"identity":
        raise refuse(415, "malformed", "Content-Encoding is not supported; send the body as it is")
    with deps.bodies.hold(scope):
        return await store_events_of(deps, record, header(scope, b"content-type"), await read_body(scope, receive))


async def store_events_of(deps: Deps, record: RoutingRecord, content_type: bytes | None, body: bytes) -> Answer:
    """Parse what is sent and store what is good."""
    try:
        batch = parse_events(body, (content_type or b"").decode("latin-1"), record.namespace, clock.now())
    except InvalidInput as error:
        _count(deps, "refused", 1)
        return _errors_only([ItemError(0, error.field, error.problem, error.fix)])
    return await store_batch(deps, batch)


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


async def store_batch(deps: Deps, batch: Batch) -> Answer:
    """Store the good events and report the bad ones."""
    _count(deps, "refused", len(batch.errors))
    if not batch.events:
        return _errors_only(batch.errors)
    added = await deps.store.add_events(batch.events)
    answer = EventsAnswer(added.count(True), added.count(False), batch.errors)
    _count(deps, "stored", answer.accepted)
    _count(deps, "repeated", answer.repeated)
    return Answer(207 if batch.errors else 201, "accepted", msgspec.json.encode(answer))


def _errors_only(errors: list[ItemError]) -> Answer:
    return Answer(400, "malformed", msgspec.json.encode(EventsAnswer(0, 0, errors)))


def _count(deps: Deps, outcome: str, number: int) -> None:
    if number:
        deps.metrics.events.labels(SOURCE, outcome).inc(number)
