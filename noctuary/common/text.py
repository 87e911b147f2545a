"""Text for people: untrusted words made harmless, durations and times in words, lengths in bytes."""

import re
import unicodedata
from collections.abc import Iterator

from noctuary.common.lookalikes import cut_behind

ELLIPSIS = "…"
_MARKER_WORD = re.compile(r"(nct)(?:\s*:)+")
_SYMBOL = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_ARABIC = "\u0620-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ff\u0750-\u077f\u08a0-\u08c7"
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_INDIC = (
    "\u0904-\u0939\u0958-\u0961\u0985-\u09b9\u09dc-\u09e1\u0a05-\u0a39\u0a85-\u0ab9\u0b05-\u0b39\u0b83-\u0bb9"
    "\u0c05-\u0c39\u0c85-\u0cb9\u0d05-\u0d3a\u0d85-\u0dc6"
)
_HONEST = (
    f"(?<=[{_SYMBOL}])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)"  # how a symbol looks; keycaps
    f"|(?:(?<=[{_SYMBOL}])|(?<=[{_SYMBOL}]\ufe0f))\u200d(?=[{_SYMBOL}])"  # a symbol made of several
    f"|(?<=\U0001f3f4)(?:\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f)"  # the flags of England, Scotland and Wales
    f"|(?<=[{_ARABIC}])\u200c(?=[{_ARABIC}])"  # Persian keeps letters of one word apart
    f"|(?<=[{_VIRAMA}])[\u200c\u200d](?=[{_INDIC}])|(?<=[{_INDIC}])\u200d(?=[{_VIRAMA}])"
    "|(?<=[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"  # variants in names
    "|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
)
"""What cannot be seen and still changes what is seen: one character between such as need it."""
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U00013442\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What Unicode lets nobody see (Default_Ignorable), and letters that look like nothing."""
_UNSEEN_OR_HONEST = re.compile(f"(?P<honest>{_HONEST})|{_UNSEEN.pattern}")
_KEPT_FORMAT = frozenset("\u200c\u200d\u180e" + "".join(map(chr, range(0xE0020, 0xE0080))))
"""Format characters: those that are left once the unseen ones went are honest."""
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
MESSAGE_LIMIT = 4096
"""Characters read of a message: the API server takes a megabyte, what matters is at its ends and fits in 300."""
HEAD_LIMIT = 2048
"""Of these from the beginning; the rest from the end, where chains of errors say why."""
CUT = " … "
CLEANED_LIMIT = 2 * MESSAGE_LIMIT
"""Characters of a text that are cleaned, 10 ms at worst: a title of 2 MB of marks would stop all else for a second."""
MAX_MARKS = 5
"""Combining marks of one letter: Burmese and pointed Hebrew write four, and a pile covers the lines around it."""
MAX_STACKED_MARKS = 3
"""Of those that stack on any letter, and of Thai and Lao ones: no language writes more."""
_STACKED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0e31-\u0e4e\u0eb1-\u0ece\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)


def clean(text: str, limit: int) -> str:
    """Return untrusted text as one line of at most `limit` characters that cannot pass for ours.

    Control, format (also right-to-left), separator and unseen characters go, unless a script or an emoji needs them
    there, and piles of combining marks; what looks like our marker's word loses its colon. Takes linear time, and
    bounded time for any text: what is far longer than what people write is cut before.
    """
    text = _without_unseen(shorten(text, max(CLEANED_LIMIT, limit)))
    is_plain = text.isascii() and text.isprintable()  # as most texts are: no character needs a look
    hidden = set() if is_plain else {c for c in set(text) if unicodedata.category(c) in _NOT_SHOWN} - _KEPT_FORMAT
    shown = "".join(" " if c in hidden else c for c in text) if hidden else text
    if not shown.isascii():
        # What needed a mark that went needs nothing any more.
        shown = _without_unseen("".join(_few_marks(shown)))
    line = " ".join(cut_behind(_MARKER_WORD, " ".join(shown.split())).split())
    if len(line) <= limit:
        return line
    return _without_unseen(line[: max(0, limit - 1)]).rstrip() + ELLIPSIS


def _without_unseen(text: str) -> str:
    """Replace what cannot be seen by a space, unless its neighbours need it there."""
    if text.isascii() or not _UNSEEN.search(text):
        return text
    return _UNSEEN_OR_HONEST.sub(lambda found: found[0] if found["honest"] else " ", text)


def _few_marks(text: str) -> Iterator[str]:
    """Yield the characters of a text without the marks that stand on no letter, or are too many for one."""
    marks, stacked = MAX_MARKS, 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            stacked += _STACKED.match(character) is not None
            if marks > MAX_MARKS or stacked > MAX_STACKED_MARKS:
                continue
        else:
            marks, stacked = (MAX_MARKS if character.isspace() else 0), 0
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
