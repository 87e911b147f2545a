"""The matrix is generated: every pair of tenants, every two things that a webhook can say."""

import asyncio
import itertools
from collections import Counter

import pytest

from testbed.attack.matrix import observe
from testbed.attack.matrix.moves import AFTER, BEFORE, FACTORS, all_moves, pairwise
from testbed.attack.matrix.observe import Seen, Standing
from testbed.attack.matrix.pairs import SCOPES, TOKENS, VICTIM_SCOPES, all_pairs
from testbed.attack.matrix.run import Stage


def test_every_kind_of_attacker_meets_every_kind_of_victim() -> None:
    kinds = {(pair.token, pair.scope, pair.victim_scope) for pair in all_pairs()}
    assert kinds == set(itertools.product(TOKENS, SCOPES, VICTIM_SCOPES))


def test_only_an_accepted_token_with_a_narrower_scope_is_a_rightful_rival() -> None:
    rivals = [(pair.token, pair.scope, pair.victim_scope) for pair in all_pairs() if pair.is_rival]
    assert rivals == [("same account's", "victim's service", "account")]


def test_every_two_things_that_a_webhook_can_say_meet_in_few_rows() -> None:
    rows = pairwise(FACTORS)
    for one, other in itertools.combinations(FACTORS, 2):
        met = {(row[one], row[other]) for row in rows}
        assert met == set(itertools.product(FACTORS[one], FACTORS[other]))
    assert len(rows) < 30


def test_the_moves_come_before_and_after_the_note_and_leave_the_victim_alone_as_a_control() -> None:
    moves = all_moves()
    assert {move.moment for move in moves} == {BEFORE, AFTER}
    assert [move.kind for move in moves].count("nothing") == 2
    assert {move.kind for move in moves} >= {"webhook", "event", "secret", "resource", "address", "annotation"}


def test_two_undisturbed_notes_read_alike() -> None:
    one = "Resolved after 3 s.\n- 09:03:07 rolled out\nnoctuary ref nct:5n5bqk5c  updated 09:03:09 UTC"
    other = "Resolved after 14 s.\n- 10:11:12 rolled out\nnoctuary ref nct:xrsnksxg  updated 10:12:13 UTC"
    assert observe.plain(one) == observe.plain(other)


def test_a_time_nobody_lives_to_see_is_a_difference() -> None:
    assert observe.plain("Resolved after 2912113 days.") != observe.plain("Resolved after 3 s.")


@pytest.mark.parametrize(
    ("found", "is_soft"),
    [
        ([observe.LATE + "9.0 s"], True),
        ([observe.DIFFERS + "+'Not looked at: alerts'"], True),
        ([observe.DIFFERS + "+'forged'"], False),
        ([observe.LATE + "9.0 s", "note: 2 notes instead of one"], False),
    ],
)
def test_only_what_a_busy_machine_does_is_tried_again(found: list[str], is_soft: bool) -> None:
    assert observe.are_soft(found) is is_soft


def test_what_does_not_stand_as_it_stood_is_named() -> None:
    before = Standing((("Ready", "True", "Ready"),), (("token", "a"),), "route")
    after = Standing((("Ready", "False", "Refused"),), (("token", "b"),), "")
    assert [what.partition(":")[0] for what in observe.moved(before, after)] == ["status", "URL", "route"]
    assert observe.moved(before, before) == []


def test_more_calls_than_undisturbed_ones_are_named_by_kind() -> None:
    calm = Seen("alone", 1, "", "", 0.1, Counter({("GET", "alerts"): 1}), (True, True))
    seen = Seen("attacked", 1, "", "", 0.1, Counter({("GET", "alerts"): 9, ("DELETE", "notes"): 1}), (True, True))
    assert observe.calls_beyond(seen, [calm]) == [
        "token: DELETE notes was never called undisturbed",
        "token: 9 x GET alerts instead of 1",
    ]


async def test_what_is_played_alone_waits_for_the_others_and_lets_none_begin() -> None:
    stage, order = Stage(), list[str]()
    ending = asyncio.Event()

    async def among_others(name: str, end: asyncio.Event | None = None) -> None:
        async with stage.among_others():
            order.append(name)
            if end is not None:
                await end.wait()

    async def alone(name: str) -> None:
        async with stage.alone():
            order.append(name)

    first = asyncio.create_task(among_others("before", ending))
    await asyncio.sleep(0)
    rest = [asyncio.create_task(each) for each in (alone("alone"), alone("alone, too"), among_others("after"))]
    await asyncio.sleep(0)
    assert order == ["before"]
    ending.set()
    await asyncio.gather(first, *rest)
    assert order[:2] == ["before", "alone"]
    assert sorted(order) == ["after", "alone", "alone, too", "before"]
