"""What took a minute on a local control plane is told as the days that it takes in an ordinary cluster."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from noctuary.common.clock import format_time, parse_time

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")

Moment = tuple[float, float]
"""When something was, and when it is told to have been, both in seconds since the epoch."""


def played(value: Any, moments: Sequence[Moment]) -> Any:
    """Return a value of JSON in which every text that is a time is told as the moments say, in their order.

    Between two moments time runs evenly; before the first and after the last it runs as it did.
    """
    if isinstance(value, dict):
        return {name: played(each, moments) for name, each in value.items()}
    if isinstance(value, list):
        return [played(each, moments) for each in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return format_time(told_at(parse_time(value), moments))
    return value


def told_at(at: float, moments: Sequence[Moment]) -> float:
    """Return when something is told to have been that was at a time."""
    place = bisect_right([real for real, _ in moments], at)
    if place in (0, len(moments)):
        real, told = moments[0] if place == 0 else moments[-1]
        return told + at - real
    (begin, told_begin), (end, told_end) = moments[place - 1], moments[place]
    return told_begin + (at - begin) * (told_end - told_begin) / (end - begin)
