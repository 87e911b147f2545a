"""Secrets in messages of the platform: it quotes URLs, commands and the output of programs."""

import re

MAX_SEARCHED_CHARS = 4096
"""As long as a message gets before it is stored; what is longer is cut first, to search it in little time."""
_WORDS = "password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?"
_NAME = rf"[\w.-]{{0,40}}(?:{_WORDS})\w{{0,20}}"
_QUOTED = r"(?:\"[^\"]*(?:\"|$)|'[^']*(?:'|$))"
_BARE = r"[^\s,;&\"']+"
_URL = r"[a-z][a-z0-9+.-]{0,20}://"
_NOT_A_PORT = r":(?![0-9]{1,5}(?:[/\s\"'?#,:;)\]]|$))"
_CUT = tuple(
    re.compile(rf"(?i)\b{pattern}")
    for pattern in (
        rf"({_URL})[^/\s@\"']{{0,300}}@",
        rf"({_URL}[^/\s:\"'?#]{{1,253}}){_NOT_A_PORT}[^/\s\"']{{1,300}}",
        rf"({_URL}[^\s?#\"']{{1,1000}})[?#][^\s\"']*",
    )
)
"""Of URLs go the user, also one whose end is cut off, and the query."""
_HIDDEN = tuple(
    re.compile(rf"(?i){pattern}")
    for pattern in (
        r"\b((?:proxy-)?authorization[\"']?\s*[:=]\s*)[\"']?(?:\w{1,20} +)?[^\s\"']+",
        r"\b((?:bearer|basic|token) +)(?=[^\s\"']*[0-9=_.~+/-])[a-z0-9._~+/=-]{5,}",
        rf"\b({_NAME}[\"']?\s?=\s?)(?:{_QUOTED}|{_BARE})",
        rf"\b({_NAME}[\"']?\s?:\s?)(?:{_QUOTED}|(?<=:){_BARE})",
        rf"\b((?:password|passwd|passphrase)\s?:?\s)(?:{_QUOTED}|(?<=:\s){_BARE})",
        rf"(--?{_NAME} +)(?:{_QUOTED}|{_BARE})",
        r"((?:^|\s)(?:-u|--user)[ =]?)[^\s:\"']{1,100}:[^\s\"']+",
    )
)
"""A value goes where its name says what it is; a name without one, such as `secret "db" not found`, tells no secret."""


def without_secrets(text: str) -> str:
    """Return a text without the users and queries of its URLs, and without values that a name calls secret."""
    text = text[:MAX_SEARCHED_CHARS]
    for pattern in _CUT:
        text = pattern.sub(r"\1", text)
    for pattern in _HIDDEN:
        text = pattern.sub(r"\1…", text)
    return text
