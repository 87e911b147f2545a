"""The order of rollouts that revisions show, also of more revisions than any controller keeps."""

from itertools import permutations

import pytest

from noctuary.sources.kubernetes.rollouts.holders import MAX_REVISIONS, RevisionHolders
from noctuary.sources.kubernetes.rollouts.revisions import Revision, steps_of
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision

MANY = 5000
COMPARED = 50 * MANY
"""Each with each would be 12 million times; sorted once, and looked up in 13 steps each, it is 36 times as many."""


class Moment(float):
    """A time that counts how often times are compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        Moment.compared += 1
        return float(self) < other

    def __gt__(self, other: float) -> bool:
        Moment.compared += 1
        return float(self) > other


def revision(number: int, made_at: float) -> Revision:
    return Revision(f"r{number}", number, f"h{number}", made_at, reused=False, template=b"")


def has_overtaken(each: Revision, others: list[Revision]) -> bool:
    return any(other.number < each.number and other.created_at > each.created_at for other in others)


@pytest.mark.parametrize("numbers", list(permutations((1, 2, 3, 4))), ids=str)
@pytest.mark.parametrize("pace", [1, 0.5, 0], ids=["apart", "in pairs", "at once"])
def test_only_what_has_overtaken_a_younger_one_was_returned_to(numbers: tuple[int, ...], pace: float) -> None:
    revisions = [revision(number, int(index * pace)) for index, number in enumerate(numbers)]
    returned = {step.revision.name for step in steps_of(revisions) if step.is_return}
    assert returned == {each.name for each in revisions if has_overtaken(each, revisions)}


def test_what_was_returned_to_had_the_number_before_the_younger_ones() -> None:
    steps = steps_of([revision(4, 10.0), revision(2, 20.0), revision(3, 30.0)])
    assert [(step.number, step.is_return) for step in steps] == [(1, False), (2, False), (3, False), (4, True)]


@pytest.mark.parametrize(("direction", "count"), [(1, MANY), (-1, 2 * MANY - 1)], ids=["in order", "all returned to"])
def test_thousands_of_revisions_are_not_compared_each_with_each(
    monkeypatch: pytest.MonkeyPatch, direction: int, count: int
) -> None:
    monkeypatch.setattr(Moment, "compared", 0)
    steps = steps_of([revision(number, Moment(direction * number)) for number in range(1, MANY + 1)])
    assert (len(steps), MANY <= Moment.compared <= COMPARED) == (count, True)


def test_the_newest_revisions_of_a_workload_are_compared() -> None:
    holders = RevisionHolders()
    for number in range(1, MAX_REVISIONS + 51):
        holders.keep("ReplicaSet", OwnedRevision(f"{number}", "d", revision(number, 0.0), namespace="shops"))
    assert {each.number for each in holders.of(("shops", "d"))} == set(range(51, MAX_REVISIONS + 51))
    assert holders.of(("evil", "d")) == []
