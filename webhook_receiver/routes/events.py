"""`POST /v1/events`: events of other systems, answered when they are durable."""

import time

import msgspec
from prometheus_client import Counter

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary.common.metrics import Metrics
from noctuary.models.routing_record import RoutingRecord
from noctuary.sources.posted import SOURCE, Batch, ItemError, parse_events
from webhook_receiver.asgi import (
    Answer,
    Receive,
    Refused,
    Scope,
    Send,
    answer_of,
    drop_body,
    header,
    observe_ack,
    peer_of,
    read_body,
    refuse,
    send_answer,
)
from webhook_receiver.authentication import find_sender
from webhook_receiver.deps import Deps
from webhook_receiver.gathering import AddsEvents
from webhook_receiver.quotas import RETRY_AFTER_S, refused_items
from webhook_receiver.routes.foreign import is_pagerdutys, misdirected_webhook, recognise_sent, tell_at_events

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
        self._observe_ack = deps.metrics.ack_seconds.labels("events").observe
        self._counters = Counters(deps.metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        started = time.perf_counter()
        answer = await answer_of(self._handle(scope, receive))
        await send_answer(send, answer)
        observe_ack(scope, started, self._observe_ack)

    async def _handle(self, scope: Scope, receive: Receive) -> Answer:
        """Authenticate a request and store what it carries; raise Refused or NotReady."""
        deps = self._deps
        record = check_head(deps, scope)
        if not deps.admission.has_room(record.id):
            drop_body(scope)
            raise await deps.admission.refuse(record.id)
        with deps.bodies.hold(record.id, peer_of(scope)) as held:
            body = await read_body(scope, receive, held)
            slots = await deps.admission.enter(record.id, len(body))
            try:
                batch = await deps.long_work.run(len(body), parse_batch, record, scope, body)
                if batch.foreign is not None:
                    raise tell_at_events(deps, record, batch.foreign)
                del body  # what it was decoded to takes its place
                return await store_events(deps.gathering, self._counters, batch)
            finally:
                deps.admission.leave(slots)


class Counters:
    """The counters of posted events, looked up once."""

    def __init__(self, metrics: Metrics) -> None:
        self.stored = metrics.events.labels(SOURCE, "stored")
        self.repeated = metrics.events.labels(SOURCE, "repeated")
        self.refused = metrics.events.labels(SOURCE, "refused")


def check_head(deps: Deps, scope: Scope) -> RoutingRecord:
    """Return who sends, before anything of the body is read; raise Refused or NotReady."""
    if scope["method"] != "POST":
        raise refuse(405, "malformed", "Only POST is served here", {"allow": "POST"})
    try:
        record = find_sender(deps, header(scope, b"authorization"))
    except Refused:
        if is_pagerdutys(scope):
            raise misdirected_webhook() from None
        raise
    if (header(scope, b"content-encoding") or b"identity") != b"identity":
        raise refuse(415, "malformed", "Content-Encoding is not supported; send the body as it is")
    return record


def parse_batch(record: RoutingRecord, scope: Scope, body: bytes) -> Batch:
    """Parse a body; one that cannot be split into events is a batch of one error, or another system's."""
    content_type = (header(scope, b"content-type") or b"").decode("latin-1")
    try:
        batch = parse_events(body, content_type, record.namespace, clock.now())
    except InvalidInput as error:
        batch = Batch([], [ItemError(0, error.field, error.problem, error.fix)])
    if batch.events:
        return batch
    return msgspec.structs.replace(batch, foreign=recognise_sent(scope, body))


async def store_events(store: AddsEvents, counters: Counters, batch: Batch) -> Answer:
    """Store the good events and report the bad ones."""
    _count(counters.refused, len({error.index for error in batch.errors}))
    if not batch.events:
        return Answer(400, "malformed", msgspec.json.encode(EventsAnswer(0, 0, batch.errors)))
    added = await store.add_events(batch.events)
    errors = refused_items(batch, added)
    answer = EventsAnswer(added.count(True), added.count(False), errors)
    _count(counters.stored, answer.accepted)
    _count(counters.repeated, answer.repeated)
    _count(counters.refused, len(added) - answer.accepted - answer.repeated)
    if not answer.accepted and not answer.repeated and not batch.errors:
        return Answer(429, "not_ready", msgspec.json.encode(answer), {"retry-after": str(RETRY_AFTER_S)})
    return Answer(207 if errors else 201, "accepted", msgspec.json.encode(answer))


def _count(counter: Counter, by: int) -> None:
    if by:  # most are not, and each takes a lock
        counter.inc(by)
