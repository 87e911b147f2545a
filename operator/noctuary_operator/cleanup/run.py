"""The clean-up's process: a connection of its own, an exit code."""

import sys

import structlog
import uvloop

from noctuary.common.errors import NoctuaryError
from noctuary.kube.client import KubeClient
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.cleanup.steps import clean_up

log = structlog.get_logger()


async def run_cleanup(settings: CleanupSettings) -> int:
    """Clean up on a connection of our own; return how many objects were removed."""
    client = await KubeClient.connect(settings.kubeconfig)
    try:
        return await clean_up(client, settings)
    finally:
        await client.close()


def run(settings: CleanupSettings) -> None:
    """Run the clean-up on its own event loop; exits with 1 when something is left."""
    try:
        uvloop.run(run_cleanup(settings))
    except NoctuaryError as error:
        log.error("Namespace not cleaned", namespace=settings.release_namespace, error=str(error))  # noqa: TRY400 - says all
        sys.exit(1)
