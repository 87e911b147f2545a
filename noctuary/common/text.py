"""Text for people: untrusted words made harmless, durations and times in words, lengths in bytes."""

import re
import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"
_MARKER_WORD = re.compile(r"(?i)nct\s*:")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00013441\U00013442\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
"""What Unicode lets nobody see (Default_Ignorable) and letters that look like nothing, beyond the format characters."""
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
MESSAGE_LIMIT = 4096
"""Characters read of a message: the API server takes a megabyte, what matters is at its ends and fits in 300."""
HEAD_LIMIT = 2048
"""Of these from the beginning; the rest from the end, where chains of errors say why."""
CUT = " … "
MAX_MARKS = 3
"""Combining marks of one letter: no language writes more, and a pile of them covers the lines around it."""


def clean(text: str, limit: int) -> str:
    """Return untrusted text as one line of at most `limit` characters that cannot pass for ours.

    Control, format (also right-to-left), separator and unseen characters go, and piles of combining marks;
    our marker's word loses its colon.
    """
    if not text.isascii():
        text = "".join(_few_marks(_UNSEEN.sub(" ", text)))
    shown = "".join(" " if unicodedata.category(c) in _NOT_SHOWN else c for c in text)
    return shorten(_MARKER_WORD.sub("nct ", " ".join(shown.split())), limit)


def _few_marks(text: str) -> Iterator[str]:
    """Yield the characters of a text without the marks that stand on no letter, or are too many for one."""
    marks = MAX_MARKS
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
        else:
            marks = MAX_MARKS if character.isspace() else 0
        if marks <= MAX_MARKS:
            yield character


def shorten(text: str, limit: int) -> str:
    """Cut the end of a text that is longer than `limit` characters."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + ELLIPSIS


def cut(message: str) -> str:
    """Return what is read of a message; words that the cut goes through are left out: half a URL hides a password."""
    if len(message) <= MESSAGE_LIMIT:
        return message
    head = message[:HEAD_LIMIT].rpartition(" ")[0]
    tail = message[len(message) - (MESSAGE_LIMIT - HEAD_LIMIT - len(CUT)) :].partition(" ")[2]
    return f"{head}{CUT}{tail}"


def shorten_middle(text: str, limit: int) -> str:
    """Cut the middle of a name that is longer than `limit` characters: its ends tell it apart."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (limit - 1 - head) :]


def fit_bytes(text: str, limit: int) -> str:
    """Return the longest start of a text that is at most `limit` bytes of UTF-8."""
    return text.encode()[:limit].decode(errors="ignore")


def duration(seconds: float) -> str:
    """Say a duration in its largest fitting unit: `40 s`, `2 min`, `3 h`, `6 days`."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def plural(count: int, noun: str) -> str:
    """Return `1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def of_total(count: int, total: int, noun: str) -> str:
    """Return `1 of 1 pod is`, `1 of 2 pods is`, `0 of 2 pods are`."""
    return f"{count} of {plural(total, noun)} {'is' if 1 in (count, total) else 'are'}"
