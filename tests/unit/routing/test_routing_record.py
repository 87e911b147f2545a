"""The routing record survives its Secret, and a broken one says how to fix it."""

import base64

import msgspec
import pytest

from noctuary.common.errors import InvalidInput
from noctuary.models.routing_record import RoutingRecord, TokenHash, decode_record, encode_record

RECORD = RoutingRecord(
    id="u-1",
    namespace="team",
    name="payments",
    created_at=1.0,
    generation=1,
    direction="bidirectional",
    api_url="https://api.pagerduty.com",
    api_token="u+secret",
    tokens=[TokenHash("ab", 1)],
)


def test_a_record_reads_back_as_it_was_written() -> None:
    assert decode_record(encode_record(RECORD)) == RECORD


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://API.pagerduty.com:443/.", "https://api.pagerduty.com"),
        ("https://api.pagerduty.com/", "https://api.pagerduty.com"),
        ("https://proxy.corp:70000", "https://proxy.corp:70000"),
    ],
)
def test_a_record_of_any_release_holds_the_one_spelling_of_its_api(written: str, read: str) -> None:
    record = msgspec.structs.replace(RECORD, api_url=written)
    assert decode_record(encode_record(record)).api_url == read


@pytest.mark.parametrize("data", [{}, {"record.json": "%"}, {"record.json": base64.b64encode(b"[]").decode()}])
def test_a_broken_record_names_its_fix(data: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="delete the Secret"):
        decode_record(data)


@pytest.mark.parametrize(
    ("direction", "takes", "writes"),
    [("inbound", True, False), ("outbound", False, True), ("bidirectional", True, True)],
)
def test_the_direction_says_what_an_integration_does(direction: str, takes: bool, writes: bool) -> None:
    record = msgspec.structs.replace(RECORD, direction=direction)
    assert (record.takes_webhooks, record.writes_notes) == (takes, writes)
