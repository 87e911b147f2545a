"""The ingress controller as the outside world sees it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from testbed.kind.state import ClusterRecord

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class IngressClient:
    """HTTPS to its port on the loopback, by host name."""

    facts: ClusterRecord
    client: httpx.Client

    def request(self, method: str, path: str, *, host: str | None = None, **options: Any) -> httpx.Response:
        """Send one HTTPS request to a host name; its certificate is checked."""
        host = host or self.facts.host
        url = f"https://127.0.0.1:{self.facts.https_port}{path}"
        headers = {**options.pop("headers", {}), "Host": host}
        return self.client.request(method, url, headers=headers, extensions={"sni_hostname": host}, **options)

    def get(self, path: str, *, host: str | None = None) -> httpx.Response:
        """GET one path of a host."""
        return self.request("GET", path, host=host)


@contextmanager
def open_ingress_client(facts: ClusterRecord) -> Iterator[IngressClient]:
    """Open it; only the tests' own authority is trusted."""
    trusted = ssl.create_default_context(cafile=facts.authority)
    with httpx.Client(verify=trusted, timeout=TIMEOUT_S, trust_env=False) as client:
        yield IngressClient(facts, client)
