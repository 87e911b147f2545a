"""No secret leaves through a log line."""

import pytest

from noctuary.common.log import redact

TOKEN = "tok-3f9a7c"


@pytest.mark.parametrize(
    "line",
    [
        f"POST /webhooks/pagerduty/{TOKEN} 404",
        f"POST /webhooks/pagerduty/0c3fb0de-1111-2222-3333-444455556666/{TOKEN} 202",
        f"https://noctuary.example.com/webhooks/pagerduty/{TOKEN}?x=1",
        f"Authorization: Token token={TOKEN}",
        f"authorization: bearer {TOKEN}",
        f"X-PagerDuty-Signature: v1={TOKEN}",
    ],
)
def test_what_opens_a_door_is_cut_from_a_line(line: str) -> None:
    assert TOKEN not in redact(line)


def test_the_integration_id_of_a_url_stays_readable() -> None:
    id_ = "0c3fb0de-1111-2222-3333-444455556666"
    assert id_ in redact(f"/webhooks/pagerduty/{id_}/{TOKEN}")
