"""Turns: what is taken of many who have more than there is room for, so that none of them crowds out another."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_turns(parts: Iterable[Iterable[T]]) -> Iterator[T]:
    """Yield the first of each part, then the second of each that has one, and so on."""
    waiting = deque(iter(part) for part in parts)
    while waiting:
        part = waiting.popleft()
        for value in islice(part, 1):
            yield value
            waiting.append(part)
