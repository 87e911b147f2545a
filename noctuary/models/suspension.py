"""When an integration was suspended: what went meanwhile without a note gets none, whoever tells of it and when."""

from collections.abc import Iterable

import msgspec

MAX_KEPT = 8
"""Suspensions that are remembered, the latest: more only come from suspending in a loop."""
CLOCKS_APART_S = 2.0
"""PagerDuty's clock and those of the nodes agree so far, and its lists cut times to the second."""
WEBHOOK_PRECISION_S = 0.001
"""A webhook's time is cut to the millisecond: what came and went right after the end must not count as before it."""


class Suspension(msgspec.Struct, frozen=True, omit_defaults=True):
    """One suspension, in seconds since the epoch (`ended_at` None: it goes on)."""

    began_at: float
    ended_at: float | None = None


def followed(past: list[Suspension], *, is_suspended: bool, at: float) -> list[Suspension]:
    """Return the suspensions of an integration that is suspended, or is not, from `at` on if it was not so before."""
    is_open = bool(past) and past[-1].ended_at is None
    if is_suspended == is_open:
        return past
    if is_suspended:
        return [*past, Suspension(at)][-MAX_KEPT:]
    return [*past[:-1], Suspension(past[-1].began_at, at)]


def was_suspended(suspensions: Iterable[Suspension], at: float, now: float) -> bool:
    """Tell whether a time is of a suspension that is over; one that ends ahead of now was dated by a wrong clock."""
    return any(
        each.ended_at is not None
        and each.ended_at <= now + CLOCKS_APART_S
        and each.began_at - CLOCKS_APART_S <= at < each.ended_at - WEBHOOK_PRECISION_S
        for each in suspensions
    )
