"""What is logged of strangers, before anything is redacted: no token in any spelling, and a few lines a minute."""

import pytest

from noctuary.common import log
from tests.unit.receiver.door import Door, record

TOKEN = "tok-canary"
PATHS = [
    f"/webhooks/pagerduty/{TOKEN}",
    f"/webhooks/pagerduty/{TOKEN}/",
    f"/webhooks/pagerduty//{TOKEN}",
    f"/webhooks/pagerduty/{TOKEN}/{TOKEN}",
    f"/webhooks/pagerduty/a/{TOKEN}",
    f"/webhooks/pagerduty/a/{TOKEN}/",
    f"/webhooks/pagerduty/%61/{TOKEN}",
    f"/webhooks/pagerduty/0c3fb0de-1111-2222-3333-444455556666/{TOKEN}",
    f"/webhooks/pagerduty/{TOKEN}?{TOKEN}",
    f"/webhooks/{TOKEN}",
    f"/{TOKEN}",
    f"/v1/events/{TOKEN}",
    f"//webhooks/pagerduty/{TOKEN}",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "rest", ["HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1\r\nhost\r\n\r\n", "HTTP/9\r\n\r\n"], ids=range(3)
)
async def test_no_request_brings_a_token_into_the_log(
    door: Door, path: str, rest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = await door.sender()
    await sender.ask(f"POST {path} {rest}".encode())
    assert TOKEN not in "".join(capsys.readouterr())


async def test_the_integration_of_a_wrong_token_is_named(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    sender = await door.sender()
    assert (await sender.ask(b"POST /webhooks/pagerduty/a/wrong HTTP/1.1\r\nhost: x\r\n\r\n"))[0] == 404
    assert record("a").id in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"POST /webhooks/pagerduty/x HTTP/1.1\r\nhost: x\r\n\r\n", "Webhook rejected"),
        (
            b"POST /webhooks/pagerduty/token-a HTTP/1.1\r\nhost: x\r\nx-pagerduty-signature: v1=00\r\n\r\n",
            "Webhook rejected",
        ),
        (b"nonsense\r\n\r\n", "Limit of traffic met"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", "Unsupported"),
        (b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n", "/x"),
    ],
)
async def test_a_flood_of_bad_requests_is_a_few_lines(
    door: Door, data: bytes, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(40):
        sender = await door.sender()
        await sender.ask(data)
        await sender.close()
    assert "".join(capsys.readouterr()).count(line) <= log.LINES_PER_INTERVAL
