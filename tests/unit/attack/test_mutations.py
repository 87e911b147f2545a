"""Mutated requests are the same for a seed, and cover both doors."""

import random

from testbed.attack.floods.target import Target
from testbed.attack.mutations import bodies, heads
from testbed.attack.mutations.heads import Request
from testbed.attack.mutations.send import EVENT, mutated_request

TARGET = Target("127.0.0.1", 1, "/webhooks/pagerduty/id/token", "key", "secret", "PSERVICE", 0.0)


def heads_of(seed: int, count: int = 300) -> list[bytes]:
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [mutated_request(chance, TARGET) for _ in range(count)]


def test_both_doors_are_attacked() -> None:
    sent = b"\n".join(heads_of(1))
    assert b"POST /v1/events HTTP/1.1" in sent
    assert b"POST /webhooks/pagerduty/id/token HTTP/1.1" in sent


def test_a_seed_gives_the_same_requests_and_another_gives_others() -> None:
    assert heads_of(1) == heads_of(1)
    assert heads_of(1) != heads_of(2)


def test_hardly_two_bodies_are_alike() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    made = [bodies.mutated(chance, EVENT) for _ in range(500)]
    assert len(set(made)) > 250


def test_a_request_that_nobody_mutated_is_plain_http() -> None:
    assert Request("POST", "/v1/events", ["A: b"], b"{}").render() == (
        b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\nContent-Length: 2\r\n\r\n{}"
    )


def test_damaged_bytes_leave_the_length_of_what_is_sent() -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    assert all(len(heads.on_the_wire(chance, [b"abc", b"def"])) == 6 for _ in range(100))


def test_a_target_goes_to_another_process_and_back() -> None:
    assert Target.from_text(TARGET.to_text()) == TARGET
