"""Mutated heads: methods, paths, headers, framing and pipelining; what is sent may be no HTTP at all."""

import random
from collections.abc import Callable
from dataclasses import dataclass

METHODS = (
    "GET",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PATCH",
    "post",
    "P" * 300,
    "",
    "PO ST",
    "PRI",
)
VERSIONS = ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1.1", "", "http/1.1")
LENGTHS = ("-1", "0", "1", "99999999999999999999", "1e3", "0x10", " 5", "5, 5", "+5", "")
HEADERS = (
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding : chunked",
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Connection: close",
    "Content-Length: 3\r\nContent-Length: 4",
    "X-Forwarded-For: 127.0.0.1, ::1",
    "Authorization: Bearer \x80\xff",
    "Authorization: Basic Og==",
    "X-Webhook-Id: " + "w" * 5000,
    "X-PagerDuty-Signature: " + ",".join(["v1=" + "0" * 64] * 200),
    "X-PagerDuty-Signature: v1=\xff",
    "Host: evil.example.com\r\nHost: other.example.com",
    "No-Colon-At-All",
    " folded: header",
    "X-Nul: a\x00b",
    "Cookie: " + "c=1; " * 500,
    "Content-Type: application/x-ndjson",
    "Content-Type: application/cloudevents+json",
    "Content-Type: " + "t/" * 3000,
)
PATHS = (
    "/",
    "//",
    "/healthz",
    "/readyz",
    "/metrics",
    "/internal/v1/integrations",
    "/v1/events/",
    "/v1/events?x=%00",
    "/v1//events",
    "/webhooks/pagerduty",
    "/webhooks/pagerduty/",
    "/webhooks/pagerduty/%2e%2e/%2e%2e/v1/events",
    "/webhooks/pagerduty/" + "a" * 4000,
    "/webhooks/pagerduty/%ff%fe/%00",
    "/webhooks/pagerduty/x/y/z",
    "*",
    "http://127.0.0.1/v1/events",
    "/\xe9\xff",
    "/v1/events#fragment",
)


@dataclass
class Request:
    """One request in parts, each of which may be mutated; `name: value` headers as they are written."""

    method: str
    path: str
    headers: list[str]
    body: bytes
    version: str = "HTTP/1.1"
    length: str | None = None
    closes: bool = False

    def render(self) -> bytes:
        """Return the bytes."""
        length = str(len(self.body)) if self.length is None else self.length
        framed = [] if any(each.lower() == "transfer-encoding: chunked" for each in self.headers) else [length]
        lines = [f"{self.method} {self.path} {self.version}", "Host: 127.0.0.1", *self.headers]
        lines += ["Connection: close"] if self.closes else []
        lines += [f"Content-Length: {each}" for each in framed]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


def _method(chance: random.Random, request: Request) -> None:
    request.method = chance.choice(METHODS)


def _path(chance: random.Random, request: Request) -> None:
    request.path = chance.choice(PATHS)


def _path_bytes(chance: random.Random, request: Request) -> None:
    """Change some letters of the path, among them those of its token."""
    letters = list(request.path)
    for _ in range(chance.randint(1, 3)):
        letters[chance.randrange(len(letters))] = chr(chance.randint(33, 255))
    request.path = "".join(letters)


def _version(chance: random.Random, request: Request) -> None:
    request.version = chance.choice(VERSIONS)


def _length(chance: random.Random, request: Request) -> None:
    request.length = chance.choice(LENGTHS)


def _header(chance: random.Random, request: Request) -> None:
    for _ in range(chance.randint(1, 4)):
        request.headers.insert(chance.randint(0, len(request.headers)), chance.choice(HEADERS))


def _many_headers(chance: random.Random, request: Request) -> None:
    request.headers += [f"X-{number}: {'v' * chance.randint(0, 200)}" for number in range(chance.randint(50, 400))]


def _missing_header(chance: random.Random, request: Request) -> None:
    if request.headers:
        del request.headers[chance.randrange(len(request.headers))]


def _chunked(chance: random.Random, request: Request) -> None:
    """Frame the body in chunks, rightly or not."""
    size = chance.choice((f"{len(request.body):x}", "0", "-1", "ffffffffffffffff", "g", "1;" + "e" * 3000, " 5", "0x5"))
    trailer = chance.choice(("", "X-Trailer: 1\r\n", "X-T: " + "t" * 5000 + "\r\n", "Content-Length: 1\r\n"))
    end = chance.choice((f"\r\n0\r\n{trailer}\r\n", "\r\n", "0\r\n\r\n", ""))
    request.headers.append("Transfer-Encoding: chunked")
    request.body = f"{size}\r\n".encode() + request.body + end.encode()


def _nothing(chance: random.Random, request: Request) -> None:
    """Leave the head alone."""


_MUTATIONS: tuple[Callable[[random.Random, Request], None], ...] = (
    _nothing,
    _nothing,
    _method,
    _path,
    _path_bytes,
    _version,
    _length,
    _header,
    _header,
    _many_headers,
    _missing_header,
    _chunked,
)


def mutate(chance: random.Random, request: Request) -> None:
    """Change one or two parts of a request."""
    for _ in range(chance.randint(1, 2)):
        chance.choice(_MUTATIONS)(chance, request)


def on_the_wire(chance: random.Random, requests: list[bytes]) -> bytes:
    """Return what one connection sends: one request or several in a pipeline, sometimes with damaged bytes."""
    sent = bytearray(b"".join(requests))
    if chance.random() < 0.1:
        for _ in range(chance.randint(1, 5)):
            sent[chance.randrange(len(sent))] = chance.randrange(256)
    return bytes(sent)
