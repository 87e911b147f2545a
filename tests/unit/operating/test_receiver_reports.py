"""What the operator does when it may not, or cannot, ask the receiver."""

import pytest
import structlog

from noctuary.common.egress.policy import only
from noctuary.common.http_client import create_client
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.watch.receiver_reports import ReceiverReports

URL = "http://receiver.noctuary.svc:8081"


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        ("http://other.noctuary.svc:8081", "NOCTUARY_EGRESS_HOSTS"),
        ("http://receiver.noctuary.svc:8082", "NOCTUARY_EGRESS_HOSTS"),
        (None, "NOCTUARY_ALLOW_HTTP_API"),
    ],
)
async def test_an_address_that_may_not_be_asked_is_told_once_with_the_setting_and_the_poll_goes_on(
    allowed: str | None, said: str
) -> None:
    metrics, woken = OperatorMetrics(), list[str]()
    async with create_client(only(allowed)) as http:
        reports = ReceiverReports(http, URL, lambda: "internal-token", woken.append, metrics)
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                reports._record(await reports.poll())
    (line,) = logs
    assert line["event"] == "Receiver is unreachable"
    assert said in line["error"]
    assert "internal-token" not in str(logs)
    assert woken == []
    assert metrics.receiver_up._value.get() == 0
