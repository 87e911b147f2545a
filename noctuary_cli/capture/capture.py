"""One capture: read, without what is hidden, under other names where that is wanted."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary.kube.client import KubeClient
from noctuary_cli.capture.about import service_of, services_of
from noctuary_cli.capture.collect import Collector
from noctuary_cli.capture.logs import LogPlace, read_logs
from noctuary_cli.capture.pseudonyms.names import chosen_parts
from noctuary_cli.capture.pseudonyms.renaming import Renaming
from noctuary_cli.capture.redaction.hiding import Hiding
from noctuary_cli.capture.redaction.objects import Redaction
from noctuary_cli.capture.redaction.texts import Texts

Json = dict[str, Any]
KEY_BYTES = 32
"""Of the key that hides values: made for one capture, and in no file."""


class Asked(NamedTuple):
    """What a person asks of a capture; times are seconds since the epoch."""

    namespaces: Sequence[str]
    service: str = ""
    title: str = ""
    triggered_at: float | None = None
    is_pseudonymised: bool = False
    secret_names: Sequence[str] = ()


class Captured(NamedTuple):
    """A bundle as it is written: no value in it that may not be shown."""

    incident: Json
    objects: list[Json]
    services: list[Json]
    logs: dict[str, str]
    not_read: list[str]


async def capture(kube: KubeClient, asked: Asked) -> Captured:
    """Read namespaces of a live cluster. Raises InvalidInput where one is not there, else KubernetesError."""
    now = clock.now()
    collector = Collector(kube)
    await collector.collect(asked.namespaces)
    _must_be_there(collector, asked.namespaces)
    logs = await read_logs(kube, collector.objects, collector.not_read)
    services = services_of(collector.objects, collector.integrations, asked.namespaces, asked.service)
    key = secrets.token_bytes(KEY_BYTES)
    captured = Captured(
        incident=_incident(asked, services, now),
        services=services,
        not_read=collector.not_read,
        **_redacted(collector.objects, logs, Hiding(key, asked.secret_names)),
    )
    return _renamed(captured, key, asked) if asked.is_pseudonymised else captured


def _must_be_there(collector: Collector, namespaces: Sequence[str]) -> None:
    held = {each["metadata"].get("namespace") or each["metadata"].get("name") for each in collector.objects}
    missing = [name for name in namespaces if name not in held]
    if missing and not collector.not_read:
        raise InvalidInput("NAMESPACE", f"{missing[0]} holds nothing", "name one that `kubectl get namespaces` lists")
    if missing:
        raise InvalidInput(
            "NAMESPACE", f"{missing[0]} cannot be read: {collector.not_read[0]}", "log in as somebody who may list it"
        )


def _redacted(objects: Sequence[Json], logs: dict[LogPlace, str], hiding: Hiding) -> Json:
    redaction = Redaction(hiding)
    shown = [redaction.object(each) for each in objects]
    texts = Texts(hiding)
    redaction.texts(texts.redacted, texts.redacted_log)
    lines = {place.path: [texts.redacted_log(line) for line in text.splitlines()] for place, text in logs.items()}
    return {"objects": shown, "logs": {path: "\n".join([*each, ""]) for path, each in lines.items()}}


def _incident(asked: Asked, services: Sequence[Json], now: float) -> Json:
    triggered_at = now if asked.triggered_at is None else asked.triggered_at
    return {
        "service": service_of(services, asked.service, asked.namespaces[0]),
        "title": asked.title or f"Captured from {', '.join(asked.namespaces)}",
        "triggered_at": clock.format_time(triggered_at),
        "captured_at": clock.format_time(now),
    }


def _renamed(captured: Captured, key: bytes, asked: Asked) -> Captured:
    """Return a bundle under other names; hidden values stay the hashes that they are."""
    told = [*asked.namespaces, asked.service]
    ids = [str(each.get("pagerDutyServiceID") or "") for each in captured.services]
    names = [name for each in captured.services for name in (each["name"], *each.get("dependsOn", ()))]
    renaming = Renaming(key, chosen_parts(captured.objects, *told, *ids, *names))
    return Captured(
        incident=renaming.value(captured.incident),
        objects=renaming.value(captured.objects),
        services=renaming.value(captured.services),
        logs=renaming.value(captured.logs),
        not_read=renaming.value(captured.not_read),
    )
