"""Who may be asked is decided by name, port, scheme and address, and a refusal names the setting."""

import ipaddress

import pytest

from noctuary.common.egress.policy import PAGERDUTY_HOSTS, EgressPolicy, only
from noctuary.common.errors import EgressRefused

POLICY = EgressPolicy((*PAGERDUTY_HOSTS, "*.proxy.corp", "one.corp:8443", "[2001:db8::1]"), private_hosts=("one.corp",))


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("api.pagerduty.com", None),
        ("API.pagerduty.com", 443),
        ("api.pagerduty.com", 8443),
        ("a.proxy.corp", 444),
        ("one.corp", 8443),
        ("2001:db8::1", 443),
    ],
)
def test_a_listed_host_may_be_asked(host: str, port: int | None) -> None:
    POLICY.check_host("https", host, port)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("pagerduty.com", None),
        ("api.pagerduty.com.evil.example", None),
        ("evilapi.pagerduty.com", None),
        ("api.pagerduty.com.", None),
        ("proxy.corp", None),
        ("evilproxy.corp", None),
        ("one.corp", None),
        ("one.corp", 443),
        ("2001:db8::2", 443),
        ("", None),
    ],
)
def test_any_other_host_is_refused_by_the_name_of_the_setting(host: str, port: int | None) -> None:
    with pytest.raises(EgressRefused, match=rf"host {host} .*NOCTUARY_EGRESS_HOSTS \(policy.apiHosts\)"):
        POLICY.check_host("https", host, port)


@pytest.mark.parametrize("scheme", ["http", "ftp", "ws", "file", ""])
def test_nothing_is_asked_without_tls(scheme: str) -> None:
    with pytest.raises(EgressRefused, match="NOCTUARY_ALLOW_HTTP_API"):
        POLICY.check_host(scheme, "api.pagerduty.com", None)


@pytest.mark.parametrize(
    ("host", "found", "allowed"),
    [
        ("api.pagerduty.com", ["8.8.8.8", "10.0.0.1", "169.254.169.254"], ["8.8.8.8"]),
        ("one.corp", ["8.8.8.8", "10.0.0.1", "169.254.169.254"], ["8.8.8.8", "10.0.0.1"]),
    ],
)
def test_of_several_addresses_only_allowed_ones_are_used(host: str, found: list[str], allowed: list[str]) -> None:
    addresses = POLICY.allowed_addresses(host, 443, [ipaddress.ip_address(text) for text in found])
    assert [str(address) for address in addresses] == allowed


@pytest.mark.parametrize(
    ("host", "found", "words"),
    [
        ("api.pagerduty.com", ["10.0.0.1", "169.254.169.254"], "NOCTUARY_EGRESS_PRIVATE_HOSTS"),
        ("api.pagerduty.com", ["::ffff:127.0.0.1"], "NOCTUARY_EGRESS_PRIVATE_HOSTS"),
        ("one.corp", ["169.254.169.254"], "no server of an API"),
        ("one.corp", [], "no server of an API"),
    ],
)
def test_a_host_without_an_allowed_address_is_refused(host: str, found: list[str], words: str) -> None:
    with pytest.raises(EgressRefused, match=f"host {host} .*{words}"):
        POLICY.allowed_addresses(host, 443, [ipaddress.ip_address(text) for text in found])


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://noctuary-receiver.noctuary.svc:8081", ("noctuary-receiver.noctuary.svc", 8081)),
        ("http://Receiver/", ("receiver", 80)),
        ("https://[fd00::1]/x", ("fd00::1", 443)),
    ],
)
def test_a_process_may_be_left_one_address_of_its_release(url: str, asked: tuple[str, int]) -> None:
    policy = only(url)
    policy.check_host(url.split(":", maxsplit=1)[0], *asked)
    assert policy.allowed_addresses(*asked, [ipaddress.ip_address("10.1.2.3")])
    with pytest.raises(EgressRefused):
        policy.check_host("http", asked[0], asked[1] + 1)


def test_a_process_without_any_address_asks_nobody() -> None:
    with pytest.raises(EgressRefused):
        only(None).check_host("http", "receiver", 80)
