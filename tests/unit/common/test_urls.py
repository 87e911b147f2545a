"""One address has one spelling, and what is no address of an API is refused with its mend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctuary.common.errors import InvalidInput
from noctuary.common.urls import normal_url

PAGERDUTY = "https://api.pagerduty.com"


@pytest.mark.parametrize(
    "text",
    [
        "https://api.pagerduty.com/",
        "HTTPS://API.PagerDuty.COM",
        "https://api.pagerduty.com:443",
        "https://api.pagerduty.com:0443/",
        "https://api.pagerduty.com:",
        "https://api.pagerduty.com/.",
        "https://api.pagerduty.com//",
        "https://api.pagerduty.com/././/",
        "https://api.pagerduty.com/a/..",
        "https://api.pagerduty.com/../..",
        "https://api.pagerduty.com.",
        "https://ａｐｉ.pagerduty.com",
    ],
)
def test_every_spelling_of_pagerduty_is_one(text: str) -> None:
    assert normal_url(text) == PAGERDUTY


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("http://proxy.corp:80/pd/", "http://proxy.corp/pd"),
        ("http://proxy.corp:443", "http://proxy.corp:443"),
        ("https://proxy.corp:8443//pd/./v2/", "https://proxy.corp:8443/pd/v2"),
        ("https://proxy.corp/PD", "https://proxy.corp/PD"),
        ("https://proxy.corp/a..b", "https://proxy.corp/a..b"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://XN--BCHER-KVA.example", "https://xn--bcher-kva.example"),
        ("https://r3---sn-a.example", "https://r3---sn-a.example"),
        ("http://127.1", "http://127.0.0.1"),
        ("http://0x7f000001:8080", "http://127.0.0.1:8080"),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://0177.0.0.1", "http://127.0.0.1"),
        ("http://192.0xA8.257", "http://192.168.1.1"),
        ("https://[::FFFF:7f00:1]:443", "https://[::ffff:7f00:1]"),
    ],
)
def test_what_differs_stays_different(text: str, normal: str) -> None:
    assert normal_url(text) == normal


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "neither https"),
        ("api.pagerduty.com", "neither https"),
        ("ftp://api.pagerduty.com", "neither https"),
        ("https://", "no host"),
        ("https://.", "no host"),
        ("https://api..com", "no host"),
        ("https://-api.com", "no host"),
        ("https://a%2eb.com", "no host"),
        ("https://a\\b.com", "no host"),
        ("https://" + "a." * 127 + "com", "no host"),
        ("https://user@api.pagerduty.com", "user or a password"),
        ("https://@api.pagerduty.com", "user or a password"),
        ("https://api.pagerduty.com?a=b", "query"),
        ("https://api.pagerduty.com/?", "query"),
        ("https://api.pagerduty.com#", "fragment"),
        ("https://api.pager\tduty.com", "control"),
        (" https://api.pagerduty.com", "control"),
        ("https://api.pagerduty.com:0", "port 0"),
        ("https://api.pagerduty.com:65536", "no URL"),
        ("https://api.pagerduty.com:x", "no URL"),
        ("https://[::1", "no URL"),
        ("https://[fe80::1%25eth0]", "one link"),
        ("https://1.2.3.400", "address that is none"),
        ("https://a.1", "address that is none"),
        ("https://256.1", "address that is none"),
        ("https://1.65536.1", "address that is none"),
        ("https://08.1.1.1", "address that is none"),
        ("https://4294967296", "address that is none"),
        ("https://1.2.3.4.5", "address that is none"),
        ("https://api.pagerduty.com/%2e%2e", "plain characters"),
        ("https://☃.\u0345", "no domain"),
    ],
)
def test_what_is_no_address_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=f"^spec.apiURL: .*{problem}.*; "):
        normal_url(text, "spec.apiURL")


@given(st.from_regex(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", fullmatch=True))
def test_a_normal_url_is_its_own_normal_form(text: str) -> None:
    try:
        normal = normal_url(text)
    except InvalidInput:
        return
    assert normal_url(normal) == normal
    assert not normal.endswith("/")
