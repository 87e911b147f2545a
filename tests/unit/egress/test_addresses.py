"""An address is what can be behind it, in whichever form it comes."""

import ipaddress

import pytest

from noctuary.common.egress.addresses import Reach, as_address, reach_of

PUBLIC = ["8.8.8.8", "44.242.69.192", "2600:1f18::1", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.255.255",
    "198.19.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "240.240.0.1",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "4000::1",
]
NEVER = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "0.1.2.3",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        *((text, Reach.PUBLIC) for text in PUBLIC),
        *((text, Reach.PRIVATE) for text in PRIVATE),
        *((text, Reach.NEVER) for text in NEVER),
    ],
)
def test_an_address_is_what_can_be_behind_it(text: str, reach: Reach) -> None:
    assert reach_of(ipaddress.ip_address(text)) is reach


@pytest.mark.parametrize("text", ["api.pagerduty.com", "127.1", "0x7f.0.0.1", "", "1.2.3.4.5", "[::1]"])
def test_what_is_no_written_address_is_a_name(text: str) -> None:
    assert as_address(text) is None
