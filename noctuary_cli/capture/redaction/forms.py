"""The forms by which a text is known to be harmless where a name, a word or a path stands."""

import re
from collections.abc import Container

from noctuary.common.values_policy import is_measure

_WORD = re.compile(r"[A-Za-z0-9*][A-Za-z0-9._:/@*-]{0,319}")
"""Names, qualified names, kinds, reasons, times, addresses, images: whatever Kubernetes has a grammar for."""
_SEGMENT = re.compile(r"[A-Za-z0-9._*-]{1,63}")
_PART = re.compile(r"[A-Za-z0-9]+")
_NUMBERED = re.compile(r"[A-Za-z]+[0-9]{1,3}")
"""`python3`, `sha256`, `base64`, `node18`: letters with a version behind them."""
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


def is_plain_segment(segment: str) -> bool:
    """Tell whether a segment of a path is a word, and not an id or a token."""
    return _SEGMENT.fullmatch(segment) is not None and not any(map(is_mixed, _PART.findall(segment)))
