"""The memory of bodies under way: what has arrived is charged, to an integration and to an address."""

import contextlib
import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from noctuary.common.errors import NotReady
from noctuary.common.metrics import Metrics
from noctuary.serving.limits_met import LimitsMet
from noctuary.sources.posted import Batch
from testbed.polling import until
from tests.unit.receiver.door import Door, events, webhook
from webhook_receiver.routes.events import parse_batch
from webhook_receiver.traffic.bodies import COLLECTED_AFTER_BYTES, BodyBudget, HeldBody

KB = 1024
MB = 1024 * KB


@pytest.fixture
def budget() -> BodyBudget:
    return BodyBudget(LimitsMet(Metrics()), large_bytes=100 * MB, small_bytes=10 * MB)


@contextlib.contextmanager
def many(budget: BodyBudget, integration: str, address: str, *, of_webhooks: bool = False) -> Iterator[list[HeldBody]]:
    """Hold bodies of 1 MB, or small ones of webhooks, until one more is refused."""
    held: list[HeldBody] = []
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(NotReady):
            while len(held) < 1000:
                body = stack.enter_context(budget.hold(integration, address, may_use_reserve=of_webhooks))
                body.grow(64 * KB if of_webhooks else MB)
                held.append(body)
        yield held


def test_one_integration_holds_half_and_the_next_one_half_of_the_rest(budget: BodyBudget) -> None:
    with many(budget, "a", "ingress") as first, many(budget, "b", "ingress") as second:
        assert len(first) == 50
        assert len(second) == 25
    assert budget.large.held_bytes == 0


def test_one_address_holds_four_fifths_with_all_its_integrations(budget: BodyBudget) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(many(budget, str(each), "one")) for each in range(20)]
        assert sum(map(len, held)) == 80
        other = stack.enter_context(many(budget, "other", "elsewhere"))
        assert len(other) == 10


def test_small_webhooks_have_a_reserve_that_no_event_and_no_long_webhook_takes(budget: BodyBudget) -> None:
    with many(budget, "a", "one"), many(budget, "b", "two"), budget.hold("a", "one", may_use_reserve=True) as body:
        body.grow(64 * KB)
        assert budget.small.held_bytes == 64 * KB
        with pytest.raises(NotReady):
            body.grow(64 * KB + 1)
        assert budget.small.held_bytes == 0


def test_a_body_that_grows_moves_to_where_long_ones_are_held(budget: BodyBudget) -> None:
    with budget.hold("a", "one", may_use_reserve=True) as body:
        body.grow(KB)
        body.grow(MB)
        assert (budget.small.held_bytes, budget.large.held_bytes) == (0, MB)
    assert (budget.small.held_bytes, budget.large.held_bytes) == (0, 0)


class Failed:
    """What a request that failed leaves: an error and its frames hold each other, and its body."""

    def __init__(self) -> None:
        self.itself = self


def test_what_failed_requests_leave_is_freed_once_their_bodies_were_many(budget: BodyBudget) -> None:
    gc.disable()
    try:
        left = weakref.ref(Failed())
        for _ in range(COLLECTED_AFTER_BYTES // MB):
            assert left() is not None
            with budget.hold("a", "10.0.0.1") as body:
                body.grow(MB)
        assert left() is None
    finally:
        gc.enable()


def test_a_flood_of_small_webhooks_leaves_room_for_those_of_others(budget: BodyBudget) -> None:
    with many(budget, "a", "ingress", of_webhooks=True), many(budget, "b", "ingress", of_webhooks=True) as others:
        assert len(others) * 64 * KB >= 2 * MB


@pytest.mark.parametrize("urls", [["a"], ["b", "c", "d", "e", "f"]], ids=["its own", "of others behind one address"])
def test_a_whole_webhook_is_taken_beside_all_that_never_end(budget: BodyBudget, urls: list[str]) -> None:
    with contextlib.ExitStack() as stack:
        for url in urls:
            stack.enter_context(many(budget, url, "ingress", of_webhooks=True))
        slow = stack.enter_context(budget.hold(urls[0], "ingress", may_use_reserve=True))
        with pytest.raises(NotReady):
            slow.grow(64 * KB)
        for _ in range(10):
            stack.enter_context(budget.hold("a", "ingress", may_use_reserve=True)).grow(64 * KB, is_whole=True)
        assert budget.small.held_bytes < 10 * MB


# On a real socket


@pytest.mark.parametrize(
    "request_of_a", [webhook(length=2 * MB), events(b"[", length=2 * MB)], ids=["webhook", "events"]
)
async def test_slow_bodies_of_one_token_cost_no_other_integration_an_answer(door: Door, request_of_a: bytes) -> None:
    slow = [await door.sender() for _ in range(70)]
    for sender in slow:
        await sender.send(request_of_a + b" " * (2 * MB - 1000))
    await until("its share is used up", lambda: door.met("bodies_bytes"), bool)
    other = await door.sender()
    assert (await other.ask(webhook("b")))[0] == 202
    assert (await other.ask(events(b"{}", "b")))[0] == 400
    assert await door.is_healthy()
    for sender in slow:
        await sender.close()
    bodies = door.deps.bodies
    await until("nothing is held", lambda: (bodies.large.held_bytes, bodies.small.held_bytes) == (0, 0), bool)


async def test_what_is_announced_is_not_charged(door: Door) -> None:
    for _ in range(60):
        sender = await door.sender()
        await sender.send(events(b"[", length=2 * MB))
    bodies = door.deps.bodies
    await until("all have begun", lambda: bodies.large.held_bytes == 60, bool)


@pytest.mark.parametrize("request_of_nobody", [webhook("x", length=2 * MB), events(b"[", "x", length=2 * MB)])
async def test_nothing_is_read_of_who_has_no_token(door: Door, request_of_nobody: bytes) -> None:
    sender = await door.sender()
    assert (await sender.ask(request_of_nobody))[0] in (401, 404)
    assert (door.deps.bodies.large.held_bytes, door.deps.bodies.small.held_bytes) == (0, 0)


async def test_long_bodies_are_parsed_beside_the_event_loop(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[bool] = []

    def parse(*given: Any) -> Batch:
        threads.append(threading.current_thread() is threading.main_thread())
        return parse_batch(*given)

    monkeypatch.setattr("webhook_receiver.routes.events.parse_batch", parse)
    sender = await door.sender()
    for size in (64 * KB, 64 * KB + 1):
        assert (await sender.ask(events(b"[" + b" " * (size - 2) + b"]")))[0] == 400
    assert threads == [True, False]
