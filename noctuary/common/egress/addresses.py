"""What an IP address is to us: of the internet, of somebody's own network, or never a server to be asked."""

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Reach(Enum):
    """Who can be behind an address."""

    PUBLIC = "public"
    PRIVATE = "private"
    NEVER = "never"


_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "169.254.0.0/16",  # link-local, and the metadata service of nearly every cloud
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # the host agent of Azure, at a public address
        "192.0.0.192/32",  # metadata of Oracle Cloud, the older one
        "224.0.0.0/4",  # multicast
        "255.255.255.255/32",
        "::/128",
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # metadata of Amazon
        "fd20:ce::254/128",  # metadata of Google
        "fd00:c1::a9fe:a9fe/128",  # metadata of Oracle
        "ff00::/8",  # multicast
    )
)
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a carrier; pods and services of some clusters
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
    )
)
_INTERNET_V6 = ip_network("2000::/3")
"""All that was ever given out of IPv6; the rest is loopback, unique local, translated or unassigned."""
_PRIVATE_V6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address of anybody inside
        "3fff::/20",
    )
)
_NAT64 = ip_network("64:ff9b::/96")


def reach_of(address: Address) -> Reach:
    """Return who can be behind an address; one that carries an IPv4 address is what that one is."""
    if isinstance(address, IPv6Address):
        carried = _carried(address)
        return reach_of(carried) if carried is not None else _reach_v6(address)
    if _is_in(address, _NEVER):
        return Reach.NEVER
    return Reach.PRIVATE if _is_in(address, _PRIVATE) else Reach.PUBLIC


def as_address(host: str) -> Address | None:
    """Return the address that a host is written as, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _reach_v6(address: IPv6Address) -> Reach:
    if address.scope_id is not None or _is_in(address, _NEVER):
        return Reach.NEVER
    is_internet = address in _INTERNET_V6 and not _is_in(address, _PRIVATE_V6)
    return Reach.PUBLIC if is_internet else Reach.PRIVATE


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address inside: a cluster with IPv6 only reaches PagerDuty through NAT64's own prefix."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
