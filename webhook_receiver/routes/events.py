"""`POST /v1/events`: events of other systems, answered when they are durable."""

import time

import msgspec

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary.models.routing_record import RoutingRecord
from noctuary.sources.posted import SOURCE, Batch, ItemError, parse_events
from webhook_receiver.asgi import Answer, Receive, Scope, Send, answer_of, header, read_body, refuse, send_answer
from webhook_receiver.authentication import find_sender
from webhook_receiver.deps import Deps

EVENTS_PATH = "/v1/events"


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
    """Authenticate a request and store what it carries; raise Refused or NotReady."""
    if scope["method"] != "POST":
        raise refuse(405, "malformed", "Only POST is served here", {"allow": "POST"})
    record = find_sender(deps, header(scope, b"authorization"))
    if (header(scope, b"content-encoding") or b"identity") != b"identity":
        raise refuse(415, "malformed", "Content-Encoding is not supported; send the body as it is")
    with deps.bodies.hold(scope):
        body = await read_body(scope, receive)
        return await store_events(deps, parse_batch(record, header(scope, b"content-type"), body))


def parse_batch(record: RoutingRecord, content_type: bytes | None, body: bytes) -> Batch:
    """Parse a body; one that cannot be split into events is a batch of one error."""
    try:
        return parse_events(body, (content_type or b"").decode("latin-1"), record.namespace, clock.now())
    except InvalidInput as error:
        return Batch([], [ItemError(0, error.field, error.problem, error.fix)])


async def store_events(deps: Deps, batch: Batch) -> Answer:
    """Store the good events and report the bad ones."""
    _count(deps, "refused", len(batch.errors))
    if not batch.events:
        return Answer(400, "malformed", msgspec.json.encode(EventsAnswer(0, 0, batch.errors)))
    added = await deps.store.add_events(batch.events)
    answer = EventsAnswer(added.count(True), added.count(False), batch.errors)
    _count(deps, "stored", answer.accepted)
    _count(deps, "repeated", answer.repeated)
    return Answer(207 if batch.errors else 201, "accepted", msgspec.json.encode(answer))


def _count(deps: Deps, outcome: str, number: int) -> None:
    if number:
        deps.metrics.events.labels(SOURCE, outcome).inc(number)
