"""Whom this process may ask: hosts by name, plain http or not, private addresses or not."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from noctuary.common.egress.addresses import Address, Reach, as_address, reach_of
from noctuary.common.egress.hosts import host_listed
from noctuary.common.errors import EgressRefused
from noctuary.common.urls import DEFAULT_PORTS

PAGERDUTY_HOSTS = ("api.pagerduty.com", "api.eu.pagerduty.com")
"""PagerDuty's two service regions: nobody else is asked unless a setting says so."""
HOSTS_SETTING = "NOCTUARY_EGRESS_HOSTS (policy.apiHosts)"
PRIVATE_SETTING = "NOCTUARY_EGRESS_PRIVATE_HOSTS (policy.privateAPIHosts)"
HTTP_SETTING = "NOCTUARY_ALLOW_HTTP_API (policy.allowPlainHTTP)"


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Hosts are written as a name, `*.domain` or `*`, with a port where only that one is meant."""

    hosts: tuple[str, ...]
    """Who may be asked at all."""
    private_hosts: tuple[str, ...] = ()
    """Which of them may have an address that is not of the internet: a proxy of one's own, a simulator."""
    plain_http: bool = False
    """Whether they may be asked without TLS."""

    def check_host(self, scheme: str, host: str, port: int | None) -> None:
        """Raise EgressRefused unless the host may be asked, and in this way."""
        if scheme not in DEFAULT_PORTS or (scheme == "http" and not self.plain_http):
            raise EgressRefused(host, "it would be asked without TLS", HTTP_SETTING)
        if not host_listed(host, self.hosts, port or DEFAULT_PORTS[scheme]):
            raise EgressRefused(host, "it is not among the hosts that may be asked", HOSTS_SETTING)

    def check_written_address(self, host: str, port: int) -> None:
        """Raise EgressRefused when the host is written as an address that may not be asked."""
        address = as_address(host)
        if address is not None:
            self.allowed_addresses(host, port, [address])

    def allowed_addresses(self, host: str, port: int, addresses: Iterable[Address]) -> list[Address]:
        """Return those addresses of a host that may be connected to; raise EgressRefused when none may."""
        reaches = {address: reach_of(address) for address in addresses}
        private = host_listed(host, self.private_hosts, port)
        wanted = (Reach.PUBLIC, Reach.PRIVATE) if private else (Reach.PUBLIC,)
        allowed = [address for address, reach in reaches.items() if reach in wanted]
        if not allowed and Reach.PRIVATE in reaches.values():
            raise EgressRefused(host, "its address is private, not of the internet", PRIVATE_SETTING)
        if not allowed:
            raise EgressRefused(host, "its address belongs to no server of an API", "none: change its DNS entry")
        return allowed


def only(url: str | None) -> EgressPolicy:
    """Return the policy of a process that asks one address of its own release, None: nobody."""
    if url is None:
        return EgressPolicy(())
    parts = urlsplit(url)
    asked = (_with_port(parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)),)
    return EgressPolicy(asked, private_hosts=asked, plain_http=True)


def _with_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
