"""What the receiver reports: asked every two seconds, merged by integration, each change wakes its key."""

import asyncio
from collections.abc import Callable

import httpx
import msgspec
import structlog

from noctuary.common.errors import EgressRefused
from noctuary.models.reports import INTERNAL_PATH, IntegrationReport, ReportPage
from noctuary_operator.metrics import OperatorMetrics

log = structlog.get_logger()

TIMEOUT_S = 5.0
"""The receiver answers from memory; what takes longer is down."""


class ReceiverReports:
    """Polls the receiver's internal port; its absence is logged once and stops nothing else."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        token: Callable[[], str | None],
        wake: Callable[[str], None],
        metrics: OperatorMetrics,
    ) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + INTERNAL_PATH
        self._token = token
        self._wake = wake
        self._metrics = metrics
        self._reports: dict[str, IntegrationReport] = {}
        self._boot = ""
        self._cursor = 0
        self._error: str | None = "not polled yet"

    def get(self, integration_id: str) -> IntegrationReport | None:
        """Return what is known of one integration."""
        return self._reports.get(integration_id)

    def forget(self, integration_id: str) -> None:
        """Drop what is known of an integration that is gone; what is reported after that wakes it once more."""
        self._reports.pop(integration_id, None)

    async def run(self, interval_s: float) -> None:
        """Poll until cancelled."""
        while True:
            self._record(await self.poll())
            await asyncio.sleep(interval_s)

    async def poll(self) -> str | None:
        """Ask once; return what went wrong, None when nothing did."""
        token = self._token()
        if token is None:
            return "there is no internal token yet"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            response = await self._http.get(
                self._url, params={"cursor": self._cursor}, headers=headers, timeout=TIMEOUT_S
            )
            response.raise_for_status()
            self._merge(msgspec.json.decode(response.content, type=ReportPage))
        except httpx.HTTPStatusError as error:
            return f"HTTP {error.response.status_code}"
        except EgressRefused as error:
            return str(error)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            return type(error).__name__
        return None

    def _merge(self, page: ReportPage) -> None:
        if page.boot != self._boot and self._cursor:
            self._boot, self._cursor = page.boot, 0
            return  # another receiver answered: its cursor means nothing to us, ask from the start
        self._boot, self._cursor = page.boot, page.cursor
        for report in page.items:
            if self._reports.get(report.id) != report:
                self._reports[report.id] = report
                self._wake(report.id)

    def _record(self, error: str | None) -> None:
        self._metrics.receiver_up.set(0 if error else 1)
        if error == self._error:
            return
        if error is not None:
            log.warning("Receiver is unreachable", url=self._url, error=error)
        else:
            log.info("Receiver is reachable", url=self._url)
        self._error = error
