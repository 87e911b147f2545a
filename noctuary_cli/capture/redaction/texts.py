"""Messages and log lines: known forms of secrets, values that were hidden elsewhere, and what looks like a token go."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from noctuary.analyzers.last_words import without_secrets_of_log
from noctuary.common.redaction import REMOVED, without_secrets
from noctuary_cli.capture.redaction.forms import MIN_MIXED_CHARS, is_mixed, is_mixed_chunk, parts_of
from noctuary_cli.capture.redaction.hiding import MIN_HIDDEN_CHARS, Hiding

_PART = re.compile(r"[A-Za-z0-9]+")
_CHUNK = re.compile(r"[^\s/:=@,;()\[\]{}\"'`<>|]{10,}")
"""What stands between blanks and the signs that part addresses, pairs and quotes."""
USUAL = frozenset(
    {
        *("true", "false", "info", "debug", "warn", "warning", "error", "trace", "none", "null", "default", "test"),
        *("prod", "production", "staging", "development", "local", "localhost", "main", "master", "json", "text"),
        *("http", "https", "grpc", "post", "root", "admin", "user", "postgres", "mysql", "redis", "kafka", "exit"),
        *("sleep", "failed", "code", "container", "image", "server", "client", "connection", "refused"),
    }
)
"""Values of variables that sentences are made of as well."""


class Texts:
    """Redacts texts by what is known of one capture."""

    def __init__(self, hiding: Hiding) -> None:
        self._known = hiding.known
        self._by_begin: dict[str, list[str]] = defaultdict(list)
        for value in sorted(_wanted(hiding.hidden, hiding.known), key=len, reverse=True):
            self._by_begin[value[:MIN_HIDDEN_CHARS]].append(value)

    def redacted(self, text: str) -> str:
        """Return a text without secrets of known forms, hidden values, and unknown words of letters and digits."""
        return _CHUNK.sub(self._chunk, _PART.sub(self._part, self._without_hidden(without_secrets(text))))

    def redacted_log(self, text: str) -> str:
        """Return what a program wrote, which follows no form that Kubernetes has."""
        return self.redacted(without_secrets_of_log(text))

    def _chunk(self, found: re.Match[str]) -> str:
        return REMOVED if is_mixed_chunk(found[0], self._known) else found[0]

    def _part(self, found: re.Match[str]) -> str:
        return REMOVED if is_mixed(found[0], self._known) else found[0]

    def _without_hidden(self, text: str) -> str:
        told, at, start = [], 0, 0
        while at <= len(text) - MIN_HIDDEN_CHARS:
            values = self._by_begin.get(text[at : at + MIN_HIDDEN_CHARS], ())
            value = next((each for each in values if text.startswith(each, at)), None)
            if value is None:
                at += 1
                continue
            told += [text[start:at], REMOVED]
            at = start = at + len(value)
        return "".join([*told, text[start:]])


def _wanted(hidden: Iterable[str], known: set[str]) -> Iterator[str]:
    """Leave out what names say as well, usual words, and numbers of few digits: they are in many sentences."""
    for value in hidden:
        is_number = value.isdecimal() and len(value) < MIN_MIXED_CHARS
        if not is_number and value.lower() not in USUAL and not known.issuperset(parts_of(value)):
            yield value
