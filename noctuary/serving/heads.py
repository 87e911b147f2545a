"""What the head of a request says beside its headers' meaning to a route."""

import urllib.parse
from collections.abc import Iterable
from typing import Any

import httptools

from noctuary.serving.refusals import CODED, EXPECTING, NOT_ONE_HOST, OTHER_VERSION, Refusal

Headers = Iterable[tuple[bytes, bytes]]
"""Names in lower case, and values."""

VERSIONS = ("1.1", "1.0")
"""Of HTTP: what a later one means is not known here."""


def url_parts(url: bytes) -> dict[str, Any]:
    """Return what a scope tells of a URL."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return {
        "path": urllib.parse.unquote(path) if "%" in path else path,
        "raw_path": parsed.path,
        "query_string": parsed.query or b"",
    }


def without_offer(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """Return the bytes of a head that offers no other protocol."""
    kept = b"".join(b"%b: %b\r\n" % (name, value) for name, value in headers if name != b"upgrade")
    return b"%b %b HTTP/%b\r\n%b\r\n" % (method, url, version.encode(), kept)


def refusal_of(version: str, headers: Headers) -> Refusal | None:
    """Return what a head is refused for by HTTP itself, if it is."""
    if version not in VERSIONS:
        return OTHER_VERSION
    hosts = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            return CODED
        elif name == b"expect" and value.lower() not in (b"", b"100-continue"):
            return EXPECTING
    return NOT_ONE_HOST if hosts > 1 or (hosts == 0 and version > "1.0") else None
