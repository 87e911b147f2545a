"""Backfill: what every token lists is compared with ours, when an integration is loaded or resumed and now and then."""

import asyncio
import hashlib
import random
import time
from collections.abc import Callable

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, PagerDutyError, PagerDutyUnavailable
from noctuary.common.metrics import Metrics
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.comparison.comparer import Comparer
from noctuary.incidents.comparison.listings import Listing, Member, listings, since_of
from noctuary.incidents.comparison.schedule import Schedule, TokenKey
from noctuary.incidents.failures import failure_state
from noctuary.incidents.updater import IncidentUpdater
from noctuary.pagerduty.answers import NOT_ASKED, NOT_THE_API
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import Mutation, SaveCompared, SaveIntegrationState
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState
from noctuary.store.shares import Work

log = structlog.get_logger()

INTERVAL_S = 300.0
RETRY_S = 30.0
LEASE_S = 600.0
"""Longer than the slowest backfill: 10,000 incidents at the pace of PagerDuty's rate limit."""
POLL_S = 60.0
"""Whoever is due wakes us; this is for nothing but an error of ours."""
TOKENS_AT_ONCE = 256
"""Tokens whose lists are under way; how many pages of them are is the comparer's."""
TOLD_AGAIN_S = 3600.0
"""A refusal that goes on is stored once an hour: of ten thousand integrations each would be written every round."""
UNAUTHORIZED = 401
"""Refuses the token itself: what else it would list is refused likewise."""
MAX_REFUSED = 20
"""So many refused scopes are told apart in one turn; where there are more, it is the token that may not list."""
UNEXPECTED = "an incident could not be taken over: see the receiver's log"


class Backfiller:
    """Compares each token's integrations together; one whose scope PagerDuty refuses is compared by itself."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        clients: PagerDutyClients,
        updater: IncidentUpdater,
        metrics: Metrics,
        on_accepted: Callable[[str], None],
        on_answered: Callable[[str], None],
    ) -> None:
        """Take what is told of an integration whose token was refused and is accepted again, and of any answered."""
        self._on_accepted = on_accepted
        self._on_answered = on_answered
        self._store = store
        self._routing = routing
        self._comparer = Comparer(store, routing, clients, updater, metrics)
        self._wake = asyncio.Event()
        self._schedule = Schedule()
        self._slots = asyncio.Semaphore(TOKENS_AT_ONCE)
        self._apart: dict[TokenKey, frozenset[tuple[str, str]]] = {}
        routing.subscribe(self._on_record_change)

    def request(self, integration_id: str) -> None:
        """Backfill an integration as soon as possible."""
        self._schedule.request(integration_id, time.monotonic())
        self._wake.set()

    async def run(self) -> None:
        """Backfill until cancelled."""
        for record in self._routing:
            self._schedule.put(record.id, record, time.monotonic())
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                for key in self._schedule.due(time.monotonic()):
                    tasks.create_task(self._turn(key))
                pause_s = min(POLL_S, max(0.0, self._schedule.next_at() - time.monotonic()))
                await wait_until_set(self._wake, pause_s)

    def _on_record_change(self, integration_id: str) -> None:
        self._schedule.put(integration_id, self._routing.get(integration_id), time.monotonic())
        self._wake.set()

    async def _turn(self, key: TokenKey) -> None:
        try:
            async with self._slots:
                now = time.monotonic()
                next_at = now + INTERVAL_S * random.uniform(0.9, 1.0)  # noqa: S311 - spreads the calls
                await self._compare_alone(key, self._schedule.take(key, now, next_at))
        except Exception:
            log.exception("Backfill failed")
        finally:
            self._schedule.end(key)
            self._wake.set()

    async def _compare_alone(self, key: TokenKey, ids: list[str]) -> None:
        """Compare a token's integrations unless another process is at it: what it finds counts for all."""
        name = hashlib.sha256("\n".join(key).encode()).hexdigest()
        if not await self._store.claim_backfill(name, LEASE_S, clock.now()):
            self._again(ids, RETRY_S)
            return
        try:
            await self._compare(key, ids)
        except NoctuaryError as error:
            log.warning("Backfill failed, retrying", integrations=len(ids), error=str(error))
            self._again(ids, RETRY_S)
        finally:
            await self._store.release(Work.BACKFILL, name)

    async def _compare(self, key: TokenKey, ids: list[str]) -> None:
        """Work off the lists of a token, one after the other; what was complete is kept, whatever became of others."""
        asked_at = clock.now()
        states = await self._store.integration_states(ids)
        members = [member for each in ids if (member := self._member(key, each, states.get(each), asked_at))]
        work = _Work(listings(members, self._apart.get(key, frozenset())))
        try:
            while work.waiting:
                await self._compare_next(key, work, asked_at)
        finally:
            changes: list[Mutation] = []
            for listing, error in work.refused:
                changes += _failures(listing.ids, states, error, asked_at)
            if work.failed:
                changes += _failures(sorted(work.failed), states, PagerDutyError(UNEXPECTED), asked_at)
            done = [each for each in work.done if each not in work.failed]
            if done or changes:
                await self._store.commit(*changes, SaveCompared(done, asked_at))
            for each in done:
                (self._on_accepted if _was_refused(states.get(each)) else self._on_answered)(each)

    async def _compare_next(self, key: TokenKey, work: "_Work", asked_at: float) -> None:
        listing = work.waiting.pop()
        try:
            work.failed |= await self._comparer.compare(
                listing, asked_at, lambda member: self._again([member.record.id], RETRY_S)
            )
        except PagerDutyUnavailable as error:
            left = work.give_up(listing)
            self._again([each for late in left for each in late.ids], max(RETRY_S, error.retry_after_s))
            log.info("Backfill waits for PagerDuty", lists=len(left), error=str(error))
        except PagerDutyError as error:
            if _concerns_token(error) or len(work.refused) >= MAX_REFUSED:
                work.refused += [(each, error) for each in work.give_up(listing)]
            elif halves := listing.halves():
                work.waiting += halves  # one scope of the list is refused: the others need not suffer for it
            else:
                work.refused.append((listing, error))
                self._keep_apart(key, listing.scopes)
        else:
            work.done += listing.ids
            if listing.is_closed:
                self._apart[key] = self._apart.get(key, frozenset()) - listing.scopes

    def _member(
        self, key: TokenKey, integration_id: str, state: IntegrationState | None, asked_at: float
    ) -> Member | None:
        """Return an integration as it is compared; None when it is gone or has another token by now."""
        record = self._routing.get(integration_id)
        if record is None or record.suspend or (record.api_url, record.api_token) != key:
            return None
        compared_until = state.compared_until if state is not None else None
        since, is_unknown = since_of(record, compared_until, asked_at)
        return Member(record, since, look_first=is_unknown)

    def _again(self, ids: list[str], pause_s: float) -> None:
        for integration_id in ids:
            self._schedule.request(integration_id, time.monotonic() + pause_s)

    def _keep_apart(self, key: TokenKey, scopes: frozenset[tuple[str, str]]) -> None:
        """Have refused scopes listed by themselves until they are answered, and forget tokens that went."""
        self._apart = {each: kept for each, kept in self._apart.items() if self._schedule.knows(each)}
        self._apart[key] = self._apart.get(key, frozenset()) | scopes


class _Work:
    """The lists of one turn: those that wait, and what became of the others."""

    def __init__(self, waiting: list[Listing]) -> None:
        self.waiting = waiting
        self.done: list[str] = []
        self.failed: set[str] = set()
        self.refused: list[tuple[Listing, PagerDutyError]] = []

    def give_up(self, listing: Listing) -> list[Listing]:
        """Return a list and all that still wait: they would fare like it."""
        left, self.waiting = [listing, *self.waiting], []
        return left


def _concerns_token(error: PagerDutyError) -> bool:
    return error.status == UNAUTHORIZED or (error.status, error.code) in (NOT_ASKED, NOT_THE_API)


def _failures(
    ids: list[str], states: dict[str, IntegrationState], error: PagerDutyError, at: float
) -> list[SaveIntegrationState]:
    """Return what to store of a failed comparison, for each integration of which just this is not stored already."""
    told = failure_state("", error, at)
    log.warning("Backfill failed", integrations=len(ids), integration=ids[0], error=told.last_failure_reason)
    fresh = [each for each in ids if not _is_told(states.get(each), told, at)]
    return [SaveIntegrationState(failure_state(each, error, at)) for each in fresh]


def _was_refused(state: IntegrationState | None) -> bool:
    """Tell whether the last that was known of a token is that it was refused: what waits for it may go on."""
    if state is None:
        return False
    numbers = state.last_failure_status, state.last_failure_code
    if numbers[0] != UNAUTHORIZED and numbers != NOT_THE_API:
        return False
    return (state.last_failure_at or 0.0) > (state.compared_until or 0.0)


def _is_told(state: IntegrationState | None, told: IntegrationState, at: float) -> bool:
    """Tell whether a refusal of just this kind is stored, of less than an hour ago and with no success since."""
    if state is None or state.last_failure_at is None:
        return False
    went_well_at = max(state.compared_until or 0.0, state.last_note_at or 0.0)
    is_same = (state.last_failure_status, state.last_failure_code, state.last_failure_reason) == (
        told.last_failure_status,
        told.last_failure_code,
        told.last_failure_reason,
    )
    return is_same and went_well_at < state.last_failure_at and 0 <= at - state.last_failure_at < TOLD_AGAIN_S
