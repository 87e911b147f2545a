"""The revisions of a workload, and the order in which they were rolled out."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate

import msgspec

from noctuary.sources.kubernetes.rollouts.template import TemplateSummary

MAX_STEPS = 100
"""Rollouts of one workload that are compared and told, the newest: a look takes no more changes of a service."""


class Revision(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One revision of a workload; `template` is an encoded summary.

    `history` are the numbers it had before; `numbered_at` is when it last got a number, at the latest (0: unknown).
    """

    name: str
    number: int
    template_hash: str
    created_at: float
    reused: bool
    template: bytes
    history: list[int] = []
    numbered_at: float = 0.0

    @property
    def order(self) -> tuple[int, float]:
        """Return what orders the revisions of one workload, oldest first; not all kinds number them."""
        return self.number, self.created_at

    def summary(self) -> TemplateSummary:
        """Return the summary of the template."""
        return msgspec.json.decode(self.template, type=TemplateSummary)

    @cached_property
    def likeness(self) -> bytes:
        """A digest of what its pods run: read once, because a summary has kilobytes and is compared again and again."""
        return self.summary().likeness()

    def is_same_as(self, other: "Revision") -> bool:
        """Return whether both are the same template; an older version wrote no hash for DaemonSets."""
        if self.template_hash and other.template_hash:
            return self.template_hash == other.template_hash
        return self.template == other.template or self.likeness == other.likeness


class Step(msgspec.Struct, frozen=True):
    """One rollout of a revision: its first, or one that returned to it."""

    revision: Revision
    number: int
    """The number that the revision got by it; it has another one now if it was returned to."""
    is_return: bool
    place: tuple[float, float] = (0.0, 0.0)


def steps_of(revisions: Iterable[Revision]) -> list[Step]:
    """Return all rollouts that revisions show, oldest first."""
    revisions = list(revisions)
    younger = _Younger(revisions)
    return sorted((step for each in revisions for step in _steps(each, younger)), key=lambda step: step.place)


def steps_to(current: Revision, revisions: Iterable[Revision]) -> list[Step]:
    """Return the last rollouts that revisions show until that of the current one, oldest first."""
    steps = steps_of(revisions)
    end = 1 + max(index for index, step in enumerate(steps) if step.revision is current)
    return steps[max(0, end - MAX_STEPS) : end]


class _Younger:
    """Tells the lowest number of all revisions that were made after a time."""

    def __init__(self, revisions: list[Revision]) -> None:
        self._made_at = sorted(each.created_at for each in revisions)
        newest_first = sorted(revisions, key=lambda each: each.created_at, reverse=True)
        self._lowest = list(accumulate((each.number for each in newest_first), min))

    def lowest_number(self, than: float) -> int | None:
        count = len(self._made_at) - bisect_right(self._made_at, than)
        return self._lowest[count - 1] if count else None


def _steps(revision: Revision, younger: _Younger) -> list[Step]:
    last = Step(revision, revision.number, is_return=False, place=revision.order)
    if revision.history:
        numbers = [*revision.history, revision.number]
        return [
            Step(revision, number, is_return=index > 0, place=(number, revision.created_at))
            for index, number in enumerate(numbers)
        ]
    overtaken = younger.lowest_number(revision.created_at)
    if overtaken is None or overtaken >= revision.number:
        return [msgspec.structs.replace(last, is_return=revision.reused)]
    # Its first number is lost; it was the one before those of the younger ones that it has overtaken since.
    number = overtaken - 1
    first = Step(revision, number, is_return=False, place=(number, revision.created_at))
    return [first, msgspec.structs.replace(last, is_return=True)]
