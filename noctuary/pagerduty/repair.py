"""Repair of text that is nearly JSON: a byte-order mark, half a character, what no JSON has for a number."""

import json
import re

REPLACEMENT = "\\ufffd"
"""Stands for what was no character, as Unicode has it."""
_STRING_OR_NUMBER = re.compile(r'"(?:[^"\\]++|\\.)*+"?|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_ESCAPE = re.compile(
    r'(?P<good>\\["\\/bfnrt]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}'
    r"|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})|\\u[0-9a-fA-F]{0,4}|\\",
)
"""An escape that is one, two that are one character, else half of such a pair or a part of an escape."""
_CONTROLS = dict.fromkeys(range(0x20), " ")
"""They may stand between JSON's words only, where a space says the same; in text they were never seen."""


def repaired(body: bytes) -> bytes:
    """Return JSON in UTF-8 without what no parser takes; it is no better JSON than before where that is not all.

    Takes time in proportion to the text.
    """
    text = body.decode(json.detect_encoding(body), errors="replace").replace("\ufeff", "").translate(_CONTROLS)
    return _STRING_OR_NUMBER.sub(_mended, text).encode()


def _mended(found: re.Match[str]) -> str:
    word = found[0]
    if not word.startswith('"'):
        return "null"
    return _ESCAPE.sub(lambda escape: escape["good"] or REPLACEMENT, word) if "\\" in word else word
