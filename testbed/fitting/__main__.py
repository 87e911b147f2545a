"""`python -m testbed.fitting`: fits the weights to the fit part, prints figures of the check part, writes the weights.

`--show` writes nothing. Weights begin with `start.json`, which a person set.
"""

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from noctuary.correlation.correlate import LEAST_PROBABILITY
from noctuary.correlation.probability.weights import WEIGHTS, Weights
from testbed.fitting.bundles import read_examples
from testbed.fitting.descend import chance_of_truth, chances, fit, loss
from testbed.fitting.examples import CHECK, FIT, NONE, Example, parts
from testbed.fitting.scenes import scene_examples

START = Path(__file__).with_name("start.json")
DIGITS = 3
BINS = 10


def main() -> None:
    """Fit, print, and write unless it is only to be shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="write nothing")
    only_shows = parser.parse_args().show
    recorded, scenes = list(read_examples()), list(scene_examples())
    found = parts([*recorded, *scenes])
    first = msgspec.json.decode(START.read_bytes(), type=Weights)
    weights = _rounded(fit(found[FIT], first))
    for name, part in found.items():
        for told, used in (("start", first), ("fitted", weights)):
            print(f"{name:6} {told:7} {_figures(part, used)}")
    if not only_shows:
        origin = {
            "examples": f"{len(recorded)} recorded bundles, {len(scenes)} scenes; {len(found[FIT])} of them fitted on",
            "command": "python -m testbed.fitting",
            "fitted_at": datetime.now(UTC).strftime("%Y-%m-%d"),
            "check": _figures(found[CHECK], weights),
        }
        text = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(weights, provenance=origin)), indent=2)
        WEIGHTS.write_bytes(text + b"\n")


def _rounded(weights: Weights) -> Weights:
    return msgspec.structs.replace(
        weights,
        features={name: round(value, DIGITS) for name, value in weights.features.items()},
        unseen={name: round(value, DIGITS) for name, value in weights.unseen.items()},
    )


def _figures(examples: list[Example], weights: Weights) -> str:
    """Return what the weights are worth: who is named rightly, who is blamed wrongly, how well it is known."""
    said = [(each, chances(each, weights)) for each in examples]
    top = [max(chance.candidates, default=0.0) for _, chance in said]
    names = [each >= LEAST_PROBABILITY for each in top]
    hits = [
        each.truths == {NONE} if not named else bool({chance.candidates.index(best)} & each.truths)
        for (each, chance), best, named in zip(said, top, names, strict=True)
    ]
    quiet = [named for (each, _), named in zip(said, names, strict=True) if each.truths == {NONE}]
    sure = [best if named else chance.none for (_, chance), best, named in zip(said, top, names, strict=True)]
    truth = [chance_of_truth(each, chance) for each, chance in said]
    return (
        f"n {len(examples)}, log-loss {loss(examples, weights):.3f}, right {_share(hits)}, "
        f"blamed where none is {_share(quiet)}, mean probability of the truth {sum(truth) / max(1, len(truth)):.2f}, "
        f"ECE {_calibration_error(list(zip(sure, hits, strict=True))):.3f}"
    )


def _share(held: Iterable[bool]) -> str:
    counted = list(held)
    return f"{sum(counted) / max(1, len(counted)):.2f}"


def _calibration_error(said: list[tuple[float, bool]]) -> float:
    """Return by how much what is said to be probable differs from what is so, over ten bins."""
    error = 0.0
    for number in range(BINS):
        inside = [(sure, hit) for sure, hit in said if min(BINS - 1, int(sure * BINS)) == number]
        if inside:
            error += abs(sum(sure for sure, _ in inside) - sum(hit for _, hit in inside)) / len(said)
    return error


if __name__ == "__main__":
    main()
