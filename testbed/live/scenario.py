"""What one workload of the measurement is: how it is built and broken, and the truth, written first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testbed.live.place import Place

Manifest = dict[str, Any]
TEMPLATE = "template"
REPLICAS = "replicas"
LIMITS = "limits"
"""What containers may use, apart from the rest of a template: a higher limit brings back no version."""
AVAILABILITY = "{app}: availability below 99 %"
ERRORS = "{app}: HTTP 5xx rate 40 % (was 0.1 %)"


def names_in(app: str) -> dict[str, str]:
    """Return what the placeholders of a truth stand for where the service is called `app`."""
    number = app.removeprefix("web-")
    return {"app": app, "callee": f"cart-{number}", "namespace": f"team-{number}"}


@dataclass(frozen=True)
class Truth:
    """Who is to blame and for what; words may hold `{app}` and `{callee}`, alternatives are parted by `|`.

    `entity` is kind/name, empty when nothing in the cluster is to blame. The first cause must say every group of `says`
    and must name `named` (the entity's name unless given). `never` are words that would blame an innocent. `symptom`
    are words of an honest description that misses the cause. `tolerated`: what may be called a possible cause where
    nothing is to blame, because it did change right before. `mend` is what a command may change of the entity.
    """

    entity: str
    cause: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    symptom: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    named: str = ""
    mend: frozenset[str] = frozenset()
    unseen: bool = False
    """The cause lies in what is not watched: naming none, or only the honest symptom, is right."""


def _nothing(_: "Place") -> None:
    return None


@dataclass(frozen=True)
class Scenario:
    """One workload, or a few that belong together, in a namespace of its own."""

    name: str
    build: "Callable[[Place], Sequence[Manifest]]"
    truth: Truth
    fault: "Callable[[Place], None]" = _nothing
    age: bool = False
    """Its last rollout is older than the lookback when the fault comes."""
    pods: int = 1
    alert: str = AVAILABILITY
    alone: bool = False
    """Its fault would hit the others of a wave: it is done by itself, and undone by `after`."""
    after: "Callable[[Place], None]" = _nothing
    callee: bool = False
    """The service depends on a second one, and the integration says so."""

    @property
    def is_control(self) -> bool:
        """Whether nothing in the cluster is to blame."""
        return not self.truth.entity
