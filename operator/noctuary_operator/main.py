"""The operator process: built from settings, ended within seconds of being told, and by nothing else."""

from contextlib import AsyncExitStack

import structlog
import uvloop

from noctuary.common.egress.policy import only
from noctuary.common.http_client import create_client
from noctuary.kube.client import KubeClient
from noctuary_operator.health import create_health_app, serve_health
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.settings import OperatorSettings
from noctuary_operator.signals import Signals
from noctuary_operator.terms import Terms

log = structlog.get_logger()


async def run_operator(settings: OperatorSettings) -> None:
    """Run the operator until SIGTERM or SIGINT; raise InvalidInput for what keeps it from starting."""
    signals = Signals()
    signals.install()
    metrics = OperatorMetrics()
    async with AsyncExitStack() as stack:
        client = await KubeClient.connect(settings.kubeconfig)
        stack.push_async_callback(client.close)
        http = await stack.enter_async_context(create_client(only(settings.receiver_internal_url)))
        terms = Terms(settings, client, http, metrics)
        app = create_health_app(terms.problem, terms.remarks, metrics)
        await stack.enter_async_context(serve_health(app, settings.health_host, settings.health_port, metrics))
        await terms.run(signals)
    log.info("Operator stopped")


def run(settings: OperatorSettings) -> None:
    """Run the operator on its own event loop."""
    uvloop.run(run_operator(settings))
