"""No secret leaves through a log line."""

import pytest

from noctuary.common.log import LogLimit, redact

TOKEN = "tok-3f9a7c"


@pytest.mark.parametrize(
    "line",
    [
        f"POST /webhooks/pagerduty/{TOKEN} 404",
        f"POST /webhooks/pagerduty/0c3fb0de-1111-2222-3333-444455556666/{TOKEN} 202",
        f"https://noctuary.example.com/webhooks/pagerduty/{TOKEN}?x=1",
        f"POST /webhooks/pagerduty/{TOKEN}/ 404",
        f"POST /webhooks/pagerduty//{TOKEN} 404",
        f"POST /webhooks/pagerduty/no-uuid/{TOKEN}/more 404",
        f"POST /Webhooks/PagerDuty%2F{TOKEN} 404",
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


def test_lines_of_one_kind_are_few_and_the_next_ones_say_how_many_were_held_back() -> None:
    written: list[tuple[str, dict[str, object]]] = []

    def write(sentence: str, **values: object) -> None:
        written.append((sentence, values))

    limit = LogLimit(lines=2, interval_s=0)
    for number in range(3):
        limit.write(write, "Refused", "one", number=number)
    assert [values for _, values in written] == [{"number": 0}, {"number": 1}, {"number": 2}]

    written.clear()
    limit = LogLimit(lines=2, interval_s=1e6)
    for kind in ("one", "one", "one", "other"):
        limit.write(write, "Refused", kind, kind=kind)
    assert [values["kind"] for _, values in written] == ["one", "one", "other"]
    limit._interval_s = 0
    limit.write(write, "Refused", "one", kind="one")
    assert written[-1] == ("Refused", {"kind": "one", "held_back": 1})
