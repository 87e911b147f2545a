"""The one HTTP client for outside services: limits, timeouts and no redirects."""

import ssl

import httpx

CONNECT_TIMEOUT_S = 3.0
"""A host that does not accept within this is down; the retry belongs to the caller."""
READ_TIMEOUT_S = 10.0
"""PagerDuty answers in well under a second; ten covers its bad days."""
MAX_CONNECTIONS = 64
"""More would only wait in PagerDuty's rate limit."""
KEEPALIVE_S = 30.0
"""A quiet release keeps its connection warm between two pages of one incident."""
USER_AGENT = "noctuary-kubernetes/0.1"

HttpClient = httpx.AsyncClient
"""The type of the client, for those who only hand it on."""


def create_client(ssl_context: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """Create the shared client; the caller closes it. Redirects are never followed: a token would travel along."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
        ),
        headers={"User-Agent": USER_AGENT},
        follow_redirects=False,
        verify=ssl_context if ssl_context is not None else True,
    )
