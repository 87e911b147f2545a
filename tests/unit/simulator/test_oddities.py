from collections.abc import AsyncIterator

import httpx
import pytest

from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.webhooks.foreign import PAYLOADS
from testbed.pagerduty.webhooks.receiver import ScriptedReceiver
from testbed.pagerduty.webhooks.signing import sign


@pytest.fixture
async def api(pd: PagerDutySimulator) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Token token={pd.add_token()}"}
    async with httpx.AsyncClient(base_url=pd.url, headers=headers) as client:
        yield client


async def test_an_odd_webhook_is_signed_as_it_is_sent(pd: PagerDutySimulator, receiver: ScriptedReceiver) -> None:
    _, secret = pd.subscribe(receiver.url)
    pd.rules.add("odd-webhook", field="event.data.title", oddity="lone-surrogate")
    pd.trigger(pd.add_service("api"), "Errors")
    await pd.drained()
    [received] = receiver.received
    assert rb"cut \ud83d" in received.body
    assert received.headers["x-pagerduty-signature"] == sign(received.body, secret)


async def test_an_odd_answer_is_odd_in_one_field_and_one_without_it_is_as_ever(
    pd: PagerDutySimulator, api: httpx.AsyncClient
) -> None:
    pd.add_service("api")
    pd.rules.add("odd-answer", path="/services", field="services.0.id", oddity="null", nth=1)
    pd.rules.add("odd-answer", path="/services", field="services.5.id", oddity="null", nth=2)
    odd, plain = [(await api.get("/services")).json()["services"][0] for _ in range(2)]
    assert (odd["id"], odd | {"id": plain["id"]}) == (None, plain)


async def test_an_oddity_that_nobody_knows_is_refused(pd: PagerDutySimulator) -> None:
    with pytest.raises(ValueError, match="no oddity weird"):
        pd.rules.add("odd-answer", field="incidents", oddity="weird")


@pytest.mark.parametrize("kind", PAYLOADS)
async def test_what_another_system_sends_is_sent(pd: PagerDutySimulator, receiver: ScriptedReceiver, kind: str) -> None:
    assert 200 <= await pd.courier.send_foreign(receiver.url.rstrip("/"), kind) < 500
    assert [each.body for each in receiver.received] == [PAYLOADS[kind].raw]
