"""PagerDuty's REST API: the few calls we make, each with typed answers and typed errors."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec
import structlog

from noctuary.common.clock import format_time
from noctuary.common.errors import EgressRefused, OutcomeUnknown, PagerDutyError, PagerDutyUnavailable
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import NOT_ASKED, OTHER_SHAPE, is_whole, of_list, raise_for, require_sendable
from noctuary.pagerduty.budget import Budget, Budgets, Need
from noctuary.pagerduty.objects import (
    Alert,
    AlertPage,
    Incident,
    IncidentAnswer,
    IncidentPage,
    LogEntry,
    LogPage,
    Note,
    NoteAnswer,
    NoteList,
    ServicePage,
)
from noctuary.pagerduty.tolerant import UNREADABLE, decode
from noctuary.pagerduty.webhook import Reference, read_time

log = structlog.get_logger()

PAGE_SIZE = 100
"""The largest page there is."""
PAGING_WALL = 10_000
"""Offset plus limit above this is refused; the range of time is narrowed instead."""
DEFAULT_RETRY_S = 1.0
"""When PagerDuty does not say when to retry; the caller backs off from there."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
T = TypeVar("T", bound=msgspec.Struct)
Count = Callable[[str, str], None]
"""Called with the name of each call and its outcome: ok, refused, rate_limited, failed or lost."""
LeftOut = Callable[[int], None]
"""Called with how many items of an answer could not be used."""
TellLeftOut = Callable[[Collection[str], int], None]
"""Called with the ids of integrations and how many items of an answer for them could not be used."""


def _untold(_items: int) -> None:
    """Tell nobody."""


class PagerDutyClient:
    """Calls with one token; it follows no `self` link, because those name the wrong host in some accounts."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        api_url: str,
        token: str,
        from_email: str | None,
        budget: Budget,
        count: Count,
        tenant: str = "",
        left_out: LeftOut = _untold,
    ) -> None:
        self.budget = budget
        self._tenant = tenant
        self._http = http
        self._base = api_url.rstrip("/")
        self._count = count
        self._left_out = left_out
        self._is_posting = False
        self._headers = {
            "Authorization": f"Token token={token}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        } | ({"From": from_email} if from_email else {})

    @property
    def may_post_at_once(self) -> bool:
        """Whether `posting` would wait for nothing and be refused by no budget."""
        return self.budget.is_free(Need.NOTE, self._tenant)

    @asynccontextmanager
    async def posting(self) -> AsyncIterator[None]:
        """Hold the slot of `create_note`, so that the call begins as soon as it is made.

        Raises PagerDutyUnavailable when the budget does not allow it.
        """
        async with AsyncExitStack() as slot:
            try:
                await slot.enter_async_context(self.budget.call(Need.NOTE, self._tenant))
            except PagerDutyUnavailable as error:
                self._count("create_note", _outcome(error))
                raise
            self._is_posting = True
            slot.callback(setattr, self, "_is_posting", False)
            yield

    async def incident(self, incident_id: str, need: Need = Need.HOUSEKEEPING) -> Incident:
        """Return one incident."""
        path = f"/incidents/{_part(incident_id)}"
        return (await self._call("incident", "GET", path, IncidentAnswer, need)).incident

    async def any_service(self) -> Reference | None:
        """Return some service that the token shows; None when it shows none."""
        page = await self._list("services", "/services", ServicePage, Need.HOUSEKEEPING, {"limit": 1})
        return page.services[0] if page.services else None

    async def alerts(self, incident_id: str) -> list[Alert]:
        """Return an incident's first hundred alerts: an optional read, refused by us when the budget is low."""
        path = f"/incidents/{_part(incident_id)}/alerts"
        return (await self._call("alerts", "GET", path, AlertPage, Need.OPTIONAL, {"limit": PAGE_SIZE})).alerts

    async def log_entries(self, incident_id: str) -> list[LogEntry]:
        """Return an incident's last hundred log entries, the newest first: a read that we can do without."""
        path = f"/incidents/{_part(incident_id)}/log_entries"
        query = {"limit": PAGE_SIZE, "is_overview": "true", "time_zone": "UTC"}
        return (await self._call("log_entries", "GET", path, LogPage, Need.HOUSEKEEPING, query)).log_entries

    async def notes(self, incident_id: str, need: Need = Need.NOTE) -> list[Note]:
        """Return all visible notes of an incident; a new one may show only after a while."""
        path = f"/incidents/{_part(incident_id)}/notes"
        return (await self._call("list_notes", "GET", path, NoteList, need)).notes

    async def create_note(self, incident_id: str, content: str) -> Note:
        """Write a note. Raises OutcomeUnknown when it may exist although no good answer came."""
        path = f"/incidents/{_part(incident_id)}/notes"
        body = {"note": {"content": content}}
        note = (await self._call("create_note", "POST", path, NoteAnswer, Need.NOTE, body=body)).note
        if not note.id:
            raise OutcomeUnknown("PagerDuty's answer does not name the note that was written")
        return note

    async def edit_note(self, incident_id: str, note_id: str, content: str) -> None:
        """Replace a note's text."""
        path = f"/incidents/{_part(incident_id)}/notes/{_part(note_id)}"
        await self._call("edit_note", "PUT", path, None, Need.EDIT, body={"note": {"content": content}})

    async def delete_note(self, incident_id: str, note_id: str) -> None:
        """Remove a note; one that is gone already is fine."""
        path = f"/incidents/{_part(incident_id)}/notes/{_part(note_id)}"
        try:
            await self._call("delete_note", "DELETE", path, None, Need.HOUSEKEEPING)
        except PagerDutyError as error:
            if error.status != 404:
                raise

    async def incidents(
        self,
        since: float,
        until: float,
        scope: Mapping[str, Sequence[str]],
        need: Need = Need.HOUSEKEEPING,
    ) -> AsyncIterator[Incident]:
        """Yield all incidents created in a range, oldest first; `scope` holds filters such as `service_ids[]`.

        Behind the paging wall it goes on from the last incident's time; duplicates are left out.
        """
        seen: set[str] = set()
        offset = 0
        while True:
            page = await self._incident_page(since, until, scope, offset, need)
            for incident in page.incidents:
                if incident.id not in seen:
                    seen.add(incident.id)
                    yield incident
            if not page.has_more(PAGE_SIZE):
                return
            offset += PAGE_SIZE
            if offset + PAGE_SIZE > PAGING_WALL:
                since, offset = max(since + 1, _last_time(page) or until), 0

    async def open_incidents(self, scope: Mapping[str, Sequence[str]], most: int) -> AsyncIterator[Incident]:
        """Yield at most so many incidents of any age that are not resolved, the newest first."""
        query: dict[str, Any] = {
            "date_range": "all",
            "statuses[]": ["triggered", "acknowledged"],
            "sort_by": "created_at:desc",
            "time_zone": "UTC",
            "limit": PAGE_SIZE,
            **scope,
        }
        for offset in range(0, most, PAGE_SIZE):
            page = await self._list(
                "list_open", "/incidents", IncidentPage, Need.HOUSEKEEPING, query | {"offset": offset}
            )
            for incident in page.incidents:
                yield incident
            if not page.has_more(PAGE_SIZE):
                return

    async def _incident_page(
        self, since: float, until: float, scope: Mapping[str, Sequence[str]], offset: int, need: Need
    ) -> IncidentPage:
        query: dict[str, Any] = {
            "since": format_time(since),
            "until": format_time(until),
            "statuses[]": ["triggered", "acknowledged", "resolved"],
            "sort_by": "created_at:asc",
            "time_zone": "UTC",
            "limit": PAGE_SIZE,
            "offset": offset,
            **scope,
        }
        return await self._list("list_incidents", "/incidents", IncidentPage, need, query)

    async def _list(self, name: str, path: str, answer: type[T], need: Need, query: Mapping[str, Any]) -> T:
        """Ask for a list of the account; raises PagerDutyError of spec.apiURL where no such API answers."""
        try:
            return await self._call(name, "GET", path, answer, need, query)
        except PagerDutyError as error:
            raise of_list(error) from error

    async def _call(
        self,
        name: str,
        method: str,
        path: str,
        answer: type[T] | None,
        need: Need,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> T:
        outcome = "failed"
        try:
            async with nullcontext() if self._is_posting else self.budget.call(need, self._tenant):
                response = await self._send(method, path, query, body)
            result = self._read(name, response, answer, writes=method != "GET")
            outcome = "ok"
        except PagerDutyError as error:
            outcome = _outcome(error)
            raise
        finally:
            self._count(name, outcome)
        return result

    async def _send(self, method: str, path: str, query: Mapping[str, Any] | None, body: Any) -> httpx.Response:
        try:
            return await self._http.request(method, self._base + path, params=query, json=body, headers=self._headers)
        except EgressRefused as error:
            raise PagerDutyError(f"PagerDuty was not asked: {error}", *NOT_ASKED) from error
        except _NOT_SENT as error:
            raise PagerDutyUnavailable(f"PagerDuty could not be reached ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            kind = PagerDutyUnavailable if method == "GET" else OutcomeUnknown
            raise kind(f"PagerDuty's answer was lost ({type(error).__name__})") from error

    def _read(self, name: str, response: httpx.Response, answer: type[T] | None, *, writes: bool) -> T:
        self.budget.learn(response.headers)
        pause_s = self.budget.close(response.headers) if response.status_code == 429 else DEFAULT_RETRY_S
        raise_for(response, writes=writes, pause_s=pause_s)
        if answer is None:
            return None  # type: ignore[return-value]  # the caller asked for no answer
        try:
            found, left_out = decode(response.content, answer)
        except UNREADABLE as error:
            kind = OutcomeUnknown if writes else PagerDutyUnavailable
            code = OTHER_SHAPE if is_whole(response.content) else 0
            raise kind("PagerDuty's answer is not what its API promises", response.status_code, code) from error
        if left_out:
            log.warning("Items of an answer cannot be used", call=name, items=left_out)
            self._left_out(left_out)
        return msgspec.structs.replace(found, left_out=left_out) if isinstance(found, IncidentPage) else found


class PagerDutyClients:
    """Makes the client of an integration; all share connections and each token's budget."""

    def __init__(self, http: httpx.AsyncClient, count: Count, left_out: TellLeftOut) -> None:
        self._http = http
        self._count = count
        self._left_out = left_out
        self._budgets = Budgets()

    def of(self, record: RoutingRecord, others: Collection[str] = ()) -> PagerDutyClient:
        """Return the client of an integration; raise PagerDutyError when it has no token, or none that can be sent.

        `others` are told, too, of what could not be used of its answers.
        """
        if record.api_token is None:
            raise PagerDutyError("the integration has no API token: set spec.apiTokenSecretRef", status=401)
        require_sendable(record.api_token, record.from_email)
        budget = self._budgets.of(record.api_url, record.api_token)
        told = partial(self._left_out, {record.id, *others})
        return PagerDutyClient(
            self._http, record.api_url, record.api_token, record.from_email, budget, self._count, record.namespace, told
        )


def _last_time(page: IncidentPage) -> float | None:
    times = (read_time(incident.created_at) for incident in reversed(page.incidents))
    return next((at for at in times if at is not None), None)


def _part(text: str) -> str:
    return quote(text, safe="")


def _outcome(error: PagerDutyError) -> str:
    if isinstance(error, OutcomeUnknown):
        return "lost"
    if error.status == 429:
        return "rate_limited"
    return "failed" if error.retryable else "refused"
