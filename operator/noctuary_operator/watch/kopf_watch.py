"""Kopf watches our custom resources and nothing else: low-level events, no finalizer, no annotation of its own."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from typing import Any, cast

import kopf
import structlog

from noctuary.common.backoff import Backoff
from noctuary.common.errors import KubernetesError, NoctuaryError
from noctuary.kube.client import KubeClient
from noctuary.kube.login import UNUSABLE, Login, problem_of
from noctuary.models.integration_spec import GROUP, PLURAL, VERSION
from noctuary_operator.resources import paths
from noctuary_operator.signals import Signals

log = structlog.get_logger()

RETRY = Backoff(0.2, 15.0)
"""Pauses between attempts at the API server; Kopf's own list ends after a minute, ours never."""
CHUNK_SIZE = 10
"""Objects per LIST page: each may be of 1.5 MB, ten times that as Python objects, and Kopf knows no bound in bytes."""
IDLE_TIMEOUT_S = 0.05
"""How long Kopf keeps a worker per object: short, because ten thousand of them are memory."""

LOGIN_PAUSE_S = 1.0
"""How often credentials that were refused are tried again: the kubelet replaces a token minutes before its end."""
STARTED_AFTER_S = 0.3
"""Kopf sets its signal handlers in its first turn of the loop and says so nowhere."""

OnEvent = Callable[[str | None, dict[str, Any]], None]
"""Gets the type of an event (None: from a list) and the raw object."""


class EndlessBackoffs:
    """Growing pauses with jitter, without an end; a new iteration for each request."""

    def __iter__(self) -> Iterator[float]:
        return map(RETRY.pause_s, itertools.count(1))


class NoEssence(kopf.DiffBaseStorage):
    """Kopf copies each object deeply to find what changed since its last handling, which low-level events never ask."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing to compare."""
        return cast("kopf.BodyEssence", {})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Return nothing handled before."""
        return None

    def store(self, **_: Any) -> None:
        """Keep nothing on the object."""


def kopf_settings() -> kopf.OperatorSettings:
    """Return the settings under which Kopf writes nothing and never gives up."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.queueing.idle_timeout = IDLE_TIMEOUT_S
    settings.queueing.worker_limit = None
    settings.queueing.exit_timeout = 1.0
    settings.watching.chunk_size = CHUNK_SIZE
    settings.watching.server_timeout = 600
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.error_backoffs = EndlessBackoffs()
    settings.persistence.diffbase_storage = NoEssence()
    settings.process.ultimate_exiting_timeout = None  # else it kills the process where only the watch ended
    return settings


def build_registry(on_event: OnEvent, client: KubeClient) -> kopf.OperatorRegistry:
    """Return a registry with two handlers: who we are, and what changed."""
    registry = kopf.OperatorRegistry()
    logins = itertools.count()

    @kopf.on.login(registry=registry, id="login")
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        number = next(logins)
        if number:
            await asyncio.sleep(LOGIN_PAUSE_S)
            client.login.expire()
        return await accepted_login(client, number)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry, id="integrations")
    async def report(event: Any, **_: Any) -> None:
        on_event(event["type"], event["object"])

    return registry


async def accepted_login(client: KubeClient, number: int) -> kopf.ConnectionInfo:
    """Return the credentials as soon as there are some that the API server does not refuse."""
    is_told = False
    while True:
        try:
            await _show_credentials(client)
            return await connection_info(client.login, number)
        except KubernetesError as error:
            problem = str(error)
        except UNUSABLE as error:
            problem = problem_of(error)
        if not is_told:
            log.warning("The API server refuses our credentials, waiting for others", error=problem)
        is_told = True
        await asyncio.sleep(LOGIN_PAUSE_S)


async def _show_credentials(client: KubeClient) -> None:
    """Raise KubernetesError where the API server refuses them; any other answer is for Kopf to deal with."""
    try:
        await client.get(paths.API_RESOURCES)
    except KubernetesError as error:
        if error.is_login:
            raise


async def connection_info(login: Login, number: int) -> kopf.ConnectionInfo:
    """Translate our login into Kopf's, which ends for good where it gets the same once more that was refused once."""
    configuration = await login.configuration()
    authorization = await login.authorization()
    scheme, _, token = (authorization or "").partition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        priority=number,
    )


class WatchEnded(NoctuaryError):
    """Kopf gave up, which it does where the API server serves the CRD no more."""


def _leave_traceback_out(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True


# What ended Kopf's own tasks is told in words by whoever waits for them.
for _name in ("running", "orchestration"):
    logging.getLogger(f"kopf._core.reactor.{_name}").addFilter(_leave_traceback_out)


async def run_kopf(
    on_event: OnEvent, client: KubeClient, namespaces: tuple[str, ...], stop: asyncio.Event, signals: Signals
) -> None:
    """Serve events until `stop` is set, or until told by a signal that Kopf took. Raises WatchEnded."""
    asyncio.get_running_loop().call_later(STARTED_AFTER_S, signals.install)
    try:
        await kopf.operator(
            registry=build_registry(on_event, client),
            settings=kopf_settings(),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
            stop_flag=stop,
        )
    except Exception as error:
        raise WatchEnded(f"the watch of integrations ended: {error}") from error
    if not stop.is_set():
        signals.stop.set()
