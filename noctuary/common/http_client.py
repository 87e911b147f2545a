"""The one HTTP client for outside services: whom it may ask, limits, timeouts, no redirects and no cookies."""

import ssl
from http.cookiejar import CookieJar
from typing import Any

import httpx

from noctuary.common.egress.answers import ACCEPTED_ENCODING
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.egress.proxies import Proxies
from noctuary.common.egress.transport import GuardedTransport

CONNECT_TIMEOUT_S = 5.0
"""Name, TCP and TLS together: a host that is not there within this is down; the retry belongs to the caller."""
READ_TIMEOUT_S = 10.0
"""PagerDuty answers in well under a second; ten covers its bad days."""
USER_AGENT = "noctuary-kubernetes/0.1"

HttpClient = httpx.AsyncClient
"""The type of the client, for those who only hand it on."""


class _NoCookies(CookieJar):
    """All integrations share the client: what a host sets in the answer to one must not travel with another's call."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep none."""

    def add_cookie_header(self, request: Any) -> None:
        """Send none."""


def create_client(policy: EgressPolicy, ssl_context: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """Create a client that asks only whom the policy allows; the caller closes it.

    Redirects are never followed: a token would travel along. Proxies are those of the environment.
    Raises InvalidInput for a proxy that we cannot speak to.
    """
    context = ssl_context or httpx.create_ssl_context()
    return httpx.AsyncClient(
        transport=GuardedTransport(policy, context, Proxies.of_environment(context)),
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED_ENCODING},
        cookies=_NoCookies(),
        follow_redirects=False,
        trust_env=False,  # proxies are the transport's, and a .netrc is nobody's
    )
