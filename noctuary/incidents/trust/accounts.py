"""The account of each token, learnt once by one read: there is no call that names it."""

import asyncio
import time
from typing import NamedTuple

import structlog

from noctuary.common.errors import NoctuaryError, PagerDutyError, PagerDutyUnavailable
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.told.sightings import account_of
from noctuary.incidents.trust.proofs import Proofs, credential_of
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState

log = structlog.get_logger()

POLL_S = 5.0
RETRY_S = 30.0
"""After a failure that will end by itself."""
REFUSED_RETRY_S = 3600.0
"""A refused token, or one that shows no service: its record changes, or an incident tells the account first."""
MAX_AT_ONCE = 4


class _Asked(NamedTuple):
    """The integrations of one token that wait for its account, and when it may be asked next, by a monotonic clock."""

    integration_ids: set[str]
    due_at: float = 0.0


class Accounts:
    """Asks for the account of every token that may write or read; a changed token is learnt anew."""

    def __init__(self, store: Store, routing: RoutingDirectory, clients: PagerDutyClients, proofs: Proofs) -> None:
        self._store = store
        self._routing = routing
        self._clients = clients
        self._proofs = proofs
        self._wake = asyncio.Event()
        self._changed = {record.id for record in routing}
        self._asked: dict[str, _Asked] = {}
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        routing.subscribe(self._on_record_change)

    async def run(self) -> None:
        """Learn until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                await self._sort_in()
                now = time.monotonic()
                for key, asked in list(self._asked.items()):
                    if asked.due_at <= now:
                        self._asked[key] = asked._replace(due_at=float("inf"))
                        tasks.create_task(self._turn(key))
                await wait_until_set(self._wake, POLL_S)

    def _on_record_change(self, integration_id: str) -> None:
        self._changed.add(integration_id)
        self._wake.set()

    async def _sort_in(self) -> None:
        """Take up integrations whose account is not known."""
        try:
            await self._proofs.refresh()
        except NoctuaryError as error:
            log.warning("Accounts cannot be read", error=str(error))
            return
        while self._changed:
            record = self._routing.get(self._changed.pop())
            key = credential_of(record) if record is not None and not record.suspend else None
            if record is None or key is None or self._proofs.account(record):
                continue
            asked = self._asked.setdefault(key, _Asked(set()))
            asked.integration_ids.add(record.id)

    async def _turn(self, key: str) -> None:
        pause_s: float | None = RETRY_S
        try:
            async with self._slots:
                pause_s = await self._learn(key)
        except PagerDutyUnavailable as error:
            pause_s = max(RETRY_S, error.retry_after_s)
        except PagerDutyError as error:
            log.info("A token does not show its account", error=str(error))
            pause_s = REFUSED_RETRY_S
        except NoctuaryError as error:
            log.warning("The account of a token cannot be kept", error=str(error))
        except Exception:
            log.exception("The account of a token could not be learnt")
            pause_s = REFUSED_RETRY_S
        if pause_s is not None and key in self._asked:
            self._asked[key] = self._asked[key]._replace(due_at=time.monotonic() + pause_s)

    async def _learn(self, key: str) -> float | None:
        """Learn the account of a token for all that use it; return the pause to the next attempt, None when done."""
        records = self._waiting(key)
        if not records:
            self._asked.pop(key, None)
            return None
        service = await self._clients.of(records[0]).any_service()
        account = account_of(service.html_url) if service is not None else ""
        if not account:
            return REFUSED_RETRY_S
        await self._store.commit(*(learnt(record, account) for record in self._waiting(key)))
        await self._proofs.refresh()
        log.info("The account of a token is known", account=account, integrations=len(records))
        self._asked.pop(key, None)
        return None

    def _waiting(self, key: str) -> list[RoutingRecord]:
        """Return the integrations that use a token still and do not know its account."""
        found = [self._routing.get(each) for each in self._asked[key].integration_ids]
        return [
            record
            for record in found
            if record is not None
            and not record.suspend
            and credential_of(record) == key
            and not self._proofs.account(record)
        ]


def learnt(record: RoutingRecord, account: str) -> SaveIntegrationState:
    """Return what keeps the account that PagerDuty showed to an integration's token."""
    state = IntegrationState(id=record.id, account=account, account_key=credential_of(record))
    return SaveIntegrationState(state)
