"""LimitRanges: each bound."""

from functools import partial

from tests.unit.sources.changed_case import changes, deletion, spec
from tests.unit.sources.watched_case import Manifest


def limits(**bounds: object) -> Manifest:
    """Return LimitRange sizes."""
    return spec("sizes", {"limits": [{"type": "Container", **bounds}]})


change = partial(changes, "limitranges")

CASES = [
    change(
        "maximum",
        limits(max={"memory": "1Gi"}),
        limits(max={"memory": "256Mi"}),
        "max memory of Container 1Gi -> 256Mi",
    ),
    change("default", limits(), limits(default={"cpu": "100m"}), "default cpu of Container 100m added"),
    deletion("limitranges", "deleted", limits(max={"memory": "1Gi"})),
]
