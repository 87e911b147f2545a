"""Terms of office: the operator at work from the moment it has the Lease until something ends that, again and again."""

import asyncio

import structlog

from noctuary.common.backoff import Backoff
from noctuary.common.errors import NoctuaryError
from noctuary.common.http_client import HttpClient
from noctuary.common.tasks import cancel, finish_unless_stopped, wait_until_set
from noctuary.kube.client import KubeClient
from noctuary.kube.lease import Lease
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.settings import OperatorSettings
from noctuary_operator.signals import Signals
from noctuary_operator.wiring import Operator

log = structlog.get_logger()

PAUSE = Backoff(1.0, 30.0)
"""Between terms: a CRD or a token that was replaced is back within seconds, a fault of ours is not."""
LONG_TERM_S = 60.0
"""A term that lasted so long was none that failed at once: the pauses begin anew."""


class Terms:
    """Begins a term after the other until told to stop: each has caches, watches and a login of its own.

    What ends a term is told, never a reason to end the process: credentials that are refused, a CRD that is gone, a
    Lease that was lost, a part that failed.
    """

    def __init__(
        self, settings: OperatorSettings, client: KubeClient, http: HttpClient, metrics: OperatorMetrics
    ) -> None:
        self._settings = settings
        self._client = client
        self._http = http
        self._metrics = metrics
        self._operator: Operator | None = None
        self._waits_for = "it waits for the Lease"

    def problem(self) -> str | None:
        """Return why the process should be restarted, None when it should not."""
        return self._operator.problem() if self._operator is not None else None

    def remarks(self) -> list[str]:
        """Return what a person should know although a restart would not fix it."""
        return self._operator.remarks() if self._operator is not None else [f"not at work: {self._waits_for}"]

    async def run(self, signals: Signals) -> None:
        """Serve until told to stop."""
        loop, failures = asyncio.get_running_loop(), 0
        while not signals.stop.is_set():
            began = loop.time()
            reason = await self._term(signals)
            if signals.stop.is_set():
                return
            failures = 1 if loop.time() - began > LONG_TERM_S else failures + 1
            pause_s = PAUSE.pause_s(failures)
            self._waits_for = f"it begins again, because {reason}"
            log.warning("The operator begins again", reason=reason, pause_s=round(pause_s, 1))
            await wait_until_set(signals.stop, pause_s)

    async def _term(self, signals: Signals) -> str:
        """Wait for the Lease and work until that ends; return why it did."""
        lease = self._new_lease()
        ended = asyncio.Event()
        told = asyncio.create_task(_set_after(signals.stop, ended))
        lease.lost.add_done_callback(lambda _: ended.set())
        try:
            if await finish_unless_stopped(lease.acquire(), ended):
                self._operator = Operator(self._settings, self._client, self._http, self._metrics)
                await self._operator.run(ended, signals)
        except NoctuaryError as error:
            return str(error)
        except Exception as error:
            log.exception("A part of the operator failed")
            return f"a part failed ({type(error).__name__})"
        finally:
            self._operator = None
            await cancel([told])
            await lease.release()
        return "the Lease was lost" if lease.lost.done() else "a part ended"

    def _new_lease(self) -> Lease:
        settings = self._settings
        return Lease(
            self._client,
            settings.release_namespace,
            settings.lease_name,
            settings.identity,
            settings.lease_duration_s,
            settings.lease_renew_s,
        )


async def _set_after(first: asyncio.Event, second: asyncio.Event) -> None:
    await first.wait()
    second.set()
