"""Structured logs: one constant sentence with key-values per line, JSON in the cluster, never a secret."""

import logging
import re
import sys
import time
from collections.abc import Callable, Hashable, MutableMapping
from typing import Any

import structlog

URL_SECRET = re.compile(r"(?i)(/webhooks/pagerduty)(?:(/[0-9a-f]{8}-[0-9a-f-]{27})(?=/))?[^\s\"'?#<>]+")
"""A webhook URL gives its token away in a path segment; which one, only its integration's id in front of it tells."""

MAX_VALUE_CHARS = 16 * 1024
"""A long traceback; nobody reads more of one line, and what others send must not fill the disk of the logs."""
LINES_PER_INTERVAL = 10
INTERVAL_S = 60.0
"""Ten lines a minute of one kind show that it goes on; how often is told by a number."""
MAX_KINDS = 1000
"""Kinds of lines that are counted at a time, some 200 bytes each."""

CREDENTIAL = re.compile(r"(?i)((?:token token=|bearer |v1=))[A-Za-z0-9._~+/=-]+")
"""What follows these words in a header is a credential."""


def redact(text: str) -> str:
    """Return the text without webhook tokens, API tokens and signatures."""
    text = URL_SECRET.sub(lambda m: f"{m[1]}{m[2] or ''}/…", text)
    return CREDENTIAL.sub(lambda m: f"{m[1]}…", text)


def _redact_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value[:MAX_VALUE_CHARS])
    return event


class LogLimit:
    """Writes a line of one kind a few times in an interval, and says with the next one how many it held back.

    The kinds are told apart by the sentence and those values that are given as `kind`.
    """

    def __init__(self, lines: int = LINES_PER_INTERVAL, interval_s: float = INTERVAL_S) -> None:
        self._lines = lines
        self._interval_s = interval_s
        self._kinds: dict[Hashable, list[float]] = {}

    def write(self, method: Callable[..., object], sentence: str, *kind: str, **values: object) -> None:
        """Call the method of a logger with the sentence and the values, or count the line as held back."""
        key = (sentence, *kind)
        now = time.monotonic()
        began, written, held_back = self._kinds.get(key, (now, 0, 0))
        if now - began >= self._interval_s:
            began, written = now, 0
        if written < self._lines:
            more = {"held_back": int(held_back)} if held_back else {}
            method(sentence, **values, **more)
            written, held_back = written + 1, 0
        else:
            held_back += 1
        if key not in self._kinds and len(self._kinds) >= MAX_KINDS:
            self._kinds.clear()
        self._kinds[key] = [began, written, held_back]


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
