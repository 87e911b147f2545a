"""Delivery of webhooks: signed, retried, in order per subscription and incident, dropped and switched off by the rules.

What the vendor publishes is kept to the letter; the pauses between retries are not published and are ours.
"""

import asyncio
import ssl
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from testbed.pagerduty.account.clock import VirtualClock
from testbed.pagerduty.account.subscriptions import Subscription
from testbed.pagerduty.rules import Action, Rules
from testbed.pagerduty.webhooks.events import Event, compact, reordered
from testbed.pagerduty.webhooks.foreign import PAYLOADS
from testbed.pagerduty.webhooks.ledger import Attempt, Ledger, Outcome, Webhook
from testbed.pagerduty.webhooks.signing import signature_header
from testbed.pagerduty.webhooks.timings import Timing

RETRY_SPAN_S = 48 * 3600.0
"""A webhook that nobody took for this long is dropped."""

MAX_BODY_BYTES = 256 * 1024
"""Larger webhooks are dropped without an attempt."""


@dataclass(frozen=True)
class DeliverySettings:
    """What a test may tune; the deadline is the vendor's, the pauses are ours.

    `connect_to` leads a host name to the address and port that serve it, as `curl --connect-to` does: Host header,
    server name and certificate check stay those of the name. `authority` is a file with the only authority trusted.
    """

    deadline_s: float = 5.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 600.0
    concurrency: int = 16
    connect_to: Mapping[str, str] = field(default_factory=dict)
    authority: str | None = None


@dataclass
class Parcel:
    """One webhook with the exact bytes and headers of every attempt."""

    record: Webhook
    body: bytes
    headers: dict[str, str]
    made_at: float
    copies: int = 1


class Lane:
    """The queue of one subscription and one incident: the head of the line blocks the rest."""

    def __init__(self, subscription: Subscription, resource_id: str) -> None:
        self.subscription = subscription
        self.key = (subscription.id, resource_id)
        self.queue: deque[Parcel] = deque()
        self.task: asyncio.Task[None] | None = None


class Courier:
    """Delivers events to subscriptions and writes the ledger."""

    def __init__(
        self,
        clock: VirtualClock,
        ledger: Ledger,
        rules: Rules,
        timings: defaultdict[str, Timing],
        settings: DeliverySettings,
    ) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self._clock = clock
        self._ledger = ledger
        self._rules = rules
        self._timings = timings
        self._settings = settings
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=settings.authority),
            follow_redirects=False,
            timeout=settings.deadline_s,
            trust_env=False,
            limits=_LIMITS,
        )
        self._in_flight = 0

    def publish(self, event: Event) -> None:
        """Hand an event to every subscription that asked for it."""
        self._ledger.event(event)
        for subscription in self.subscriptions.values():
            if subscription.wants(event):
                self.send(subscription, event)

    def send(self, subscription: Subscription, event: Event) -> Webhook:
        """Queue an event for one subscription, or drop it where the rules say so."""
        record = self._ledger.webhook(str(uuid.uuid4()), subscription.id, event, self._clock.now())
        if subscription.is_disabled(self._clock.now()):
            _drop(record, "subscription disabled")
            return record
        parcel = self._pack(subscription, event, record)
        if len(parcel.body) > MAX_BODY_BYTES:
            self._give_up(subscription, record, f"{len(parcel.body)} bytes are more than {MAX_BODY_BYTES}")
            return record
        lane = Lane(subscription, event.resource_id)
        lane = self._lanes.setdefault(lane.key, lane)
        lane.queue.append(parcel)
        if lane.task is None:
            lane.task = asyncio.create_task(self._run(lane))
        return record

    async def send_foreign(self, url: str, kind: str) -> int:
        """Send what another system would to an address; return the status of the answer.

        Raises KeyError for a kind nobody knows.
        """
        sent = PAYLOADS[kind]
        address, names = self._way(url + sent.path)
        headers = {"Content-Type": "application/json"} | dict(sent.headers) | names
        answer = await self._client.post(address, content=sent.raw, headers=headers)
        return answer.status_code

    def busy(self) -> bool:
        """Say whether an attempt is under way right now."""
        return self._in_flight > 0

    def pending(self) -> list[Webhook]:
        """Return the webhooks that are neither accepted nor dropped."""
        queued = [parcel.record for lane in self._lanes.values() for parcel in lane.queue]
        return [record for record in queued if record.outcome is Outcome.PENDING]

    async def close(self) -> None:
        """Stop every lane and close the connections."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    def _pack(self, subscription: Subscription, event: Event, record: Webhook) -> Parcel:
        strikes = self._rules.for_event(event.event_type)
        payload = reordered(event.payload) if Action.REORDER_KEYS in strikes else event.payload
        odd = strikes.get(Action.ODD_WEBHOOK)
        body = (odd.spoiled(payload) if odd is not None else None) or compact(payload)
        secrets = [subscription.secret]
        if Action.TWO_SIGNATURES in strikes:
            secrets.insert(0, subscription.other_secret)
        copies = 2 if Action.DUPLICATE in strikes else 1
        return Parcel(record, body, _headers(subscription, record, body, secrets), self._clock.monotonic(), copies)

    async def _run(self, lane: Lane) -> None:
        while lane.queue:
            await self._deliver(lane.subscription, lane.queue[0])
            lane.queue.popleft()
        del self._lanes[lane.key]

    async def _deliver(self, subscription: Subscription, parcel: Parcel) -> None:
        pause = self._settings.first_pause_s
        record = parcel.record
        while record.outcome is Outcome.PENDING:
            attempt = await self._attempt(subscription, parcel)
            if attempt.accepted:
                _accept(subscription, parcel)
                continue
            reason = _reason_to_drop(attempt, self._clock.monotonic() - parcel.made_at)
            if reason is not None:
                self._give_up(subscription, record, reason)
            await self._clock.sleep(pause, unless=lambda: record.outcome is not Outcome.PENDING)
            pause = min(pause * 2, self._settings.longest_pause_s)

    def _give_up(self, subscription: Subscription, record: Webhook, reason: str) -> None:
        if record.outcome is not Outcome.PENDING:
            return
        _drop(record, reason)
        if not subscription.count_drop(self._clock.now()):
            return
        for (owner, _), lane in self._lanes.items():
            if owner == subscription.id:
                for parcel in lane.queue:
                    _drop(parcel.record, "subscription disabled")
        self._clock.advance(0)

    async def _attempt(self, subscription: Subscription, parcel: Parcel) -> Attempt:
        async with self._slots:
            self._in_flight += 1
            started = time.monotonic()
            attempt = Attempt(self._clock.now().isoformat(timespec="milliseconds"), 0.0)
            parcel.record.attempts.append(attempt)
            try:
                await self._post(subscription, parcel, attempt)
            finally:
                attempt.seconds = round(time.monotonic() - started, 4)
                self._in_flight -= 1
        return attempt

    async def _post(self, subscription: Subscription, parcel: Parcel, attempt: Attempt) -> None:
        url, names = self._way(subscription.url)
        extensions = {"trace": self._first_byte(parcel.record), "sni_hostname": names["Host"].partition(":")[0]}
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                answer = await self._client.post(
                    url, content=parcel.body, headers=parcel.headers | names, extensions=extensions
                )
            attempt.status = answer.status_code
        except (TimeoutError, httpx.TimeoutException):
            attempt.error = f"no answer within {self._settings.deadline_s:g} s"
        except httpx.TransportError as error:
            attempt.error = _transport_error(error)

    def _way(self, address: str) -> tuple[httpx.URL, dict[str, str]]:
        """Return where to connect, and the Host header of the name that was asked for."""
        url = httpx.URL(address)
        names = {"Host": url.netloc.decode()}
        if url.host not in self._settings.connect_to:
            return url, names
        host, _, port = self._settings.connect_to[url.host].rpartition(":")
        return url.copy_with(host=host, port=int(port)), names

    def _first_byte(self, record: Webhook) -> Callable[[str, Any], Awaitable[None]]:
        async def trace(name: str, _: Any) -> None:
            if not name.endswith("send_request_headers.started") or not record.event_type.startswith("incident."):
                return
            timing = self._timings[record.resource_id]
            if timing.first_webhook_byte is None:
                timing.first_webhook_byte = time.monotonic()

        return trace


_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=15.0)


def _headers(subscription: Subscription, record: Webhook, body: bytes, secrets: list[str]) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "PagerDuty-Webhook/V3.0",
        "X-PagerDuty-Signature": signature_header(body, secrets),
        "X-Webhook-Id": record.id,
        "X-Webhook-Subscription": subscription.id,
    }


def _accept(subscription: Subscription, parcel: Parcel) -> None:
    parcel.copies -= 1
    if parcel.copies > 0:
        return
    parcel.record.outcome = Outcome.ACCEPTED
    parcel.record.reason = None
    subscription.drops_in_a_row = 0


def _reason_to_drop(attempt: Attempt, age_s: float) -> str | None:
    """Return why a webhook is not tried again, or None when it is."""
    if attempt.status is not None and attempt.status != 429 and attempt.status < 500:
        return f"answered {attempt.status}"
    if attempt.error is not None and attempt.error.startswith("tls"):
        return attempt.error
    return "nobody took it for 48 h" if age_s >= RETRY_SPAN_S else None


def _drop(record: Webhook, reason: str) -> None:
    if record.outcome is Outcome.PENDING:
        record.outcome = Outcome.DROPPED
        record.reason = reason


def _transport_error(error: httpx.TransportError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and "expired" not in str(cause):
            return f"tls: {cause}"
        cause = cause.__cause__ or cause.__context__
    return f"{type(error).__name__}: {error}"
