"""Kopf watches our custom resources and nothing else: low-level events, no finalizer, no annotation of its own."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from typing import Any, cast

import kopf

from noctuary.common.backoff import Backoff
from noctuary.kube.login import Login
from noctuary.models.integration_spec import GROUP, PLURAL, VERSION

RETRY = Backoff(0.2, 15.0)
"""Pauses between attempts at the API server; Kopf's own list ends after a minute, ours never."""
CHUNK_SIZE = 10
"""Objects per LIST page: each may be of 1.5 MB, ten times that as Python objects, and Kopf knows no bound in bytes."""
IDLE_TIMEOUT_S = 0.05
"""How long Kopf keeps a worker per object: short, because ten thousand of them are memory."""

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
    settings.process.ultimate_exiting_timeout = 20
    return settings


def build_registry(on_event: OnEvent, login: Login) -> kopf.OperatorRegistry:
    """Return a registry with two handlers: who we are, and what changed."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry, id="login")
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        return await connection_info(login)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry, id="integrations")
    async def report(event: Any, **_: Any) -> None:
        on_event(event["type"], event["object"])

    return registry


async def connection_info(login: Login) -> kopf.ConnectionInfo:
    """Translate our login into Kopf's; Kopf asks for it once more whenever the API server refuses the credentials."""
    login.expire()
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
    )


async def run_kopf(
    on_event: OnEvent,
    login: Login,
    namespaces: tuple[str, ...],
    stop: asyncio.Event,
    on_started: Callable[[], None],
) -> None:
    """Serve events until `stop` is set; `on_started` is called after Kopf has set its own signal handlers."""
    asyncio.get_running_loop().call_later(STARTED_AFTER_S, on_started)
    await kopf.operator(
        registry=build_registry(on_event, login),
        settings=kopf_settings(),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
        stop_flag=stop,
    )
