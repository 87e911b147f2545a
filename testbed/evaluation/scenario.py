"""One incident before it is played: what happens, and the truth about it, written first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testbed.evaluation.recording.place import Place

Json = dict[str, Any]
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SLICES = ("louder", "several", "canary", "forty", "logs", "metrics", "no_change", "node", "posted")
"""What a label may say of its scenario besides the truth; figures are also told for each of them."""


@dataclass(frozen=True)
class Label:
    """The truth as an engineer would say it afterwards.

    `entity` is Kind/namespace/name, without a namespace for a node, empty where nothing in the cluster is to blame; it
    may hold `{ns}`. `kinds` are the names of the cause that are right, the best one first. `is_change` tells whether a
    change is to blame. `also` are other entities that are right as well: the Deployment whose Service is broken.
    """

    entity: str
    kinds: tuple[str, ...]
    is_change: bool = True
    slices: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A base scenario: `play` makes it happen in a place, which begins with a shop that has run well for days."""

    id: str
    label: Label
    play: Callable[["Place"], Awaitable[None]]

    @property
    def family(self) -> str:
        """The family that it is of, as its id begins."""
        return self.id.partition("/")[0]


def nothing(*slices: str) -> Label:
    """Return the truth of an incident for which nothing in the cluster is to blame."""
    return Label("", ("none",), is_change=False, slices=frozenset({"no_change", *slices}))


def change(entity: str, *kinds: str, slices: str = "", also: tuple[str, ...] = ()) -> Label:
    """Return the truth of an incident that a change brought about."""
    return Label(entity, kinds, slices=frozenset(slices.split()), also=also)


def fault(entity: str, *kinds: str, slices: str = "", also: tuple[str, ...] = ()) -> Label:
    """Return the truth of an incident that something broken brought about, with no change to blame."""
    return Label(entity, kinds, is_change=False, slices=frozenset({"no_change", *slices.split()}), also=also)
