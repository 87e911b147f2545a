"""The operator process: built from settings, started in order, ended within seconds."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog
import uvloop

from noctuary.common.egress.policy import only
from noctuary.common.errors import NoctuaryError
from noctuary.common.http_client import create_client
from noctuary.common.tasks import finish_unless_stopped
from noctuary.kube.client import KubeClient
from noctuary.kube.lease import Lease
from noctuary.kube.login import Login
from noctuary_operator.health import serve_health
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.settings import OperatorSettings
from noctuary_operator.wiring import Operator

log = structlog.get_logger()


class LeaseLost(NoctuaryError):
    """Another process may be the operator now; this one must end."""


async def run_operator(
    settings: OperatorSettings, stop: asyncio.Event, on_started: Callable[[], None] = lambda: None
) -> None:
    """Run the operator until `stop` is set; raise LeaseLost when another process may have taken over."""
    metrics = OperatorMetrics()
    async with AsyncExitStack() as stack:
        client = await KubeClient.connect(settings.kubeconfig)
        stack.push_async_callback(client.close)
        http = await stack.enter_async_context(create_client(only(settings.receiver_internal_url)))
        operator = Operator(settings, client, http, metrics)
        lease = Lease(
            client,
            settings.release_namespace,
            settings.lease_name,
            settings.identity,
            settings.lease_duration_s,
            settings.lease_renew_s,
        )
        await stack.enter_async_context(
            serve_health(settings.health_host, settings.health_port, operator.problem, operator.remarks, metrics)
        )
        if not await finish_unless_stopped(lease.acquire(), stop):
            return
        stack.push_async_callback(lease.release)
        lease.lost.add_done_callback(lambda _: stop.set())
        await operator.run(Login(settings.kubeconfig), stop, on_started)
        if lease.lost.done():
            raise LeaseLost("the operator's Lease was lost; another process may have taken over")
        log.info("Operator stopped")


def run(settings: OperatorSettings) -> None:
    """Run the operator on its own event loop until SIGTERM or SIGINT. Raises LeaseLost and what a part failed with."""

    async def main() -> None:
        stop = asyncio.Event()

        def install_signal_handlers() -> None:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)

        install_signal_handlers()
        await run_operator(settings, stop, install_signal_handlers)  # once more after Kopf, whose handlers replace ours

    uvloop.run(main())
