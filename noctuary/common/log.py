"""Structured logs: one constant sentence with key-values per line, JSON in the cluster, never a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

URL_SECRET = re.compile(r"(/webhooks/pagerduty/)(?:([0-9a-f]{8}-[0-9a-f-]{27})/)?[^/\s\"'?]+")
"""A webhook URL gives its token away in the last path segment."""

CREDENTIAL = re.compile(r"(?i)((?:token token=|bearer |v1=))[A-Za-z0-9._~+/=-]+")
"""What follows these words in a header is a credential."""


def redact(text: str) -> str:
    """Return the text without webhook tokens, API tokens and signatures."""
    text = URL_SECRET.sub(lambda m: f"{m[1]}{m[2] + '/' if m[2] else ''}…", text)
    return CREDENTIAL.sub(lambda m: f"{m[1]}…", text)


def _redact_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event


def configure(level: str = "info", *, json: bool = True) -> None:
    """Send structlog and the standard library's loggers to stderr in one form.

    Libraries log at warning level at most: at debug level they would print headers and bodies.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_values,
    ]
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _configure_libraries(shared, renderer)


def _configure_libraries(shared: list[Any], renderer: Any) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact_values, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
