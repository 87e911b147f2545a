"""The forms by which a text is known to be harmless where a name, a word or a path stands."""

import re
from collections.abc import Container

from noctuary.common.values_policy import is_measure

_WORD = re.compile(r"[A-Za-z0-9*][A-Za-z0-9._:/@*-]{0,319}")
"""Names, qualified names, kinds, reasons, times, addresses, images: whatever Kubernetes has a grammar for."""
_SEGMENT = re.compile(r"[A-Za-z0-9._*-]{1,63}")
_PART = re.compile(r"[A-Za-z0-9]+")
_NUMBERED = re.compile(r"[A-Za-z]{1,6}[0-9]{1,2}|(?:sha|rs|es|hs|ps)[0-9]{3}")
"""`python3`, `base64`, `node18`, `sha256`: letters with a version behind them."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9].*)?")
_SPAN = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h|d)){1,5}")
_CHUNK_DIGITS = re.compile(r"[0-9]{2}")
MIN_CHUNK_CHARS = 10
"""Shorter words of several parts, as `ORA-12154` or `tls-1_3`, are no secrets."""
MIN_MIXED_CHARS = 6
"""Shorter ones of letters and digits, as `v1beta`, `5m0s` or `amd64`, are no secrets."""


def is_word(text: str) -> bool:
    """Tell whether a text can be a name, a word or a time as objects bear them."""
    return _WORD.fullmatch(text) is not None


def parts_of(text: str) -> list[str]:
    """Return the letters and digits of a text between its signs, in small letters."""
    return [part.lower() for part in _PART.findall(text)]


def is_mixed(part: str, known: Container[str] = ()) -> bool:
    """Tell whether a part of a text, of letters and digits, may be a secret: it mixes both, and nobody knows it."""
    if len(part) < MIN_MIXED_CHARS or part.isdecimal() or part.isalpha():
        return False
    return not (_NUMBERED.fullmatch(part) or is_measure(part) or part.lower() in known)


def is_mixed_chunk(chunk: str, known: Container[str] = ()) -> bool:
    """Tell whether a word of several parts may be a secret: it mixes letters and numbers, and nobody knows it."""
    if len(chunk) < MIN_CHUNK_CHARS or not _CHUNK_DIGITS.search(chunk):
        return False
    parts = parts_of(chunk)
    if _DATE.fullmatch(chunk) or _SPAN.fullmatch(chunk) or all(part in known or is_measure(part) for part in parts):
        return False
    return len(parts) > 1 and any(map(str.isalpha, chunk))


def is_plain_segment(segment: str) -> bool:
    """Tell whether a segment of a path is a word, and not an id or a token."""
    return _SEGMENT.fullmatch(segment) is not None and not any(map(is_mixed, _PART.findall(segment)))
