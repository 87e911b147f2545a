"""Which hosts a list of a setting means."""

import pytest

from noctuary.common.egress.hosts import host_listed


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("a.example.com", (), False),
        ("a.example.com", ("a.example.com",), True),
        ("A.example.com", ("a.Example.com",), True),
        ("a.example.com", ("*.example.com",), True),
        ("a.example.com", ("*.EXAMPLE.com",), True),
        ("example.com", ("*.example.com",), False),
        ("evilexample.com", ("*.example.com",), False),
        ("a.example.com.evil.org", ("*.example.com", "a.example.com"), False),
        ("a.example.com", ("a.example.com:443",), False),
        ("anything", ("*",), True),
    ],
)
def test_hosts_are_listed_by_name_or_domain(host: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert host_listed(host, allowed) is expected
