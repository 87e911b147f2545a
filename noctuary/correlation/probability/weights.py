"""The weights, which are data: fitted by a script, kept with what they were fitted on."""

from functools import cache
from pathlib import Path

import msgspec

WEIGHTS = Path(__file__).with_name("weights.json")


class Limits(msgspec.Struct, frozen=True):
    """The most that a candidate's log-odds against `none of these` can be, by the limit of its score."""

    possible: float
    late: float
    doubtful: float


class Weights(msgspec.Struct, frozen=True):
    """The weight of each feature of candidates, of `what was not seen`, and the limits, in log-odds."""

    provenance: dict[str, str]
    features: dict[str, float]
    unseen: dict[str, float]
    limits: Limits


@cache
def shipped_weights() -> Weights:
    """Return the weights of this release."""
    return msgspec.json.decode(WEIGHTS.read_bytes(), type=Weights)
