"""What a sender is answered when something goes wrong on the way."""

import json

import pytest

from noctuary.common.errors import (
    InvalidInput,
    KubernetesError,
    KubernetesUnavailable,
    NoctuaryError,
    NotReady,
    PagerDutyError,
    PagerDutyUnavailable,
    RevisionConflict,
    StoreUnavailable,
)
from noctuary.common.metrics import Metrics
from noctuary.serving.limits_met import LimitsMet
from webhook_receiver.asgi import Answer, Refused, Scope, answer_of, read_body, refuse
from webhook_receiver.traffic.bodies import BodyBudget


async def answer(error: NoctuaryError) -> Answer:
    async def handle() -> Answer:
        raise error

    return await answer_of(handle())


@pytest.mark.parametrize(
    ("error", "status", "outcome", "retry_after"),
    [
        (NotReady("x"), 503, "not_ready", "5"),
        (NotReady("x", retry_after_s=1), 503, "not_ready", "1"),
        (StoreUnavailable("x"), 503, "not_ready", "5"),
        (RevisionConflict("x"), 503, "not_ready", "5"),
        (KubernetesUnavailable(0, "Timeout", "x"), 503, "not_ready", "5"),
        (PagerDutyUnavailable("x", retry_after_s=0.2), 503, "not_ready", "1"),
        (InvalidInput("cursor", "x", "send a number"), 400, "malformed", None),
        (PagerDutyError("x", 401), 500, "not_ready", None),
        (KubernetesError(403, "Forbidden", "x"), 500, "not_ready", None),
        (refuse(413, "too_large", "x"), 413, "too_large", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, NoctuaryError) else None,
)
async def test_each_error_has_one_answer(
    error: NoctuaryError, status: int, outcome: str, retry_after: str | None
) -> None:
    found = await answer(error)
    assert (found.status, found.outcome, found.headers.get("retry-after")) == (status, outcome, retry_after)


async def test_a_sender_reads_what_to_fix() -> None:
    found = await answer(InvalidInput("cursor", "is not a number", "send 0"))
    assert json.loads(found.body) == {"error": "cursor: is not a number; send 0"}


async def test_the_text_of_a_bug_is_logged_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    found = await answer(PagerDutyError("internal-canary"))
    assert b"internal-canary" not in found.body
    assert "internal-canary" in "".join(capsys.readouterr())


async def test_a_content_length_of_thousands_of_digits_is_too_large() -> None:
    async def no_body() -> Scope:
        raise AssertionError("the body is not asked for")

    scope: Scope = {"headers": [(b"content-length", b"9" * 5000)]}
    with BodyBudget(LimitsMet(Metrics())).hold("a", "one") as held, pytest.raises(Refused):
        await read_body(scope, no_body, held)
