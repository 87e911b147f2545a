"""`make eval`: how well the product's answers meet the truth of the recorded incidents."""

import argparse
import json
import sys
from dataclasses import dataclass

from testbed.evaluation import history, report
from testbed.evaluation.ablations import ABLATIONS
from testbed.evaluation.bundles import Json, read_bundles
from testbed.evaluation.history import ROOT
from testbed.evaluation.run import CHECK, FIT, TRUTH, How, judge_all, part_of
from testbed.evaluation.scoring.figures import Figure, figures_of
from testbed.evaluation.scoring.judge import Judged
from testbed.evaluation.truths import truths

PAGE = ROOT / "docs" / "evaluation.md"
PARTS = (FIT, CHECK)


@dataclass(frozen=True)
class Measured:
    """What was measured of which bundles."""

    judged: list[Judged]
    figures: dict[str, dict[str, Figure]]
    truths: dict[str, Json]


def main() -> int:
    """Measure, print, compare with the last committed figures; return 1 where this change loses too much."""
    arguments = _arguments()
    how = How(tuple(arguments.without), arguments.shuffle_times, 2 if arguments.double_noise else 1)
    known = truths()
    chosen = (each for each in read_bundles(only=arguments.only) if arguments.part in ("all", part_of(each["id"])))
    bundles = [each | {TRUTH: known[each["id"]]} for each in chosen if each["id"] in known]
    if not bundles:
        print("--only: no recorded incident has such a name", file=sys.stderr)
        return 2
    measured = _measure(bundles, how)
    is_whole = how == How() and not arguments.only
    before = history.read_history()
    _say(measured, as_json=arguments.json, tells_wrong=arguments.wrong)
    if arguments.record:
        if not is_whole or arguments.part != "all":
            print("--record: only a whole measurement is recorded; leave the other arguments out", file=sys.stderr)
            return 2
        _publish(measured)
    return _compare(before, measured) if is_whole else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make eval ARGS=…", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="incidents whose names hold a word")
    parser.add_argument("--part", choices=("all", *PARTS), default="all", help="which part is measured")
    parser.add_argument("--without", action="append", default=[], choices=sorted(ABLATIONS), help="take this away")
    parser.add_argument("--shuffle-times", action="store_true", help="have workloads change at other times")
    parser.add_argument("--double-noise", action="store_true", help="twice as many bystanders")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--wrong", action="store_true", help="list the answers of the fit part that are not right")
    parser.add_argument("--record", action="store_true", help="write the page and a line of the history")
    return parser.parse_args()


def _measure(bundles: list[Json], how: How) -> Measured:
    judged = judge_all(bundles, how, _progress)
    parts = {part: [each for each in judged if part_of(each.base) == part] for part in PARTS}
    figures = {part: figures_of(some) for part, some in parts.items() if some}
    return Measured(judged, figures, {each["id"]: each[TRUTH] for each in bundles})


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text} ", end="", file=sys.stderr, flush=True)


def _say(measured: Measured, *, as_json: bool, tells_wrong: bool) -> None:
    if as_json:
        told = {part: {name: each._asdict() for name, each in some.items()} for part, some in measured.figures.items()}
        print(json.dumps(told, indent=1))
        return
    print(report.table(measured.figures), "", report.slices(measured.judged), sep="\n")
    if tells_wrong:
        fit = [each for each in measured.judged if part_of(each.base) == FIT]
        print("", report.wrong(fit, measured.truths), sep="\n")


def _publish(measured: Measured) -> None:
    history.append(history.entry(measured.figures, measured.judged))
    PAGE.write_text(report.page(measured.figures, measured.judged, history.read_history(), CHECK))


def _compare(before: list[Json], measured: Measured) -> int:
    if not before:
        return 0
    found = history.loss(before[-1]["right"], history.right_by_base(measured.judged))
    if found is None:
        return 0
    said = f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}) over {found.bases} base scenarios"
    print(f"right first lines lost since {before[-1]['commit']}: {said}", file=sys.stderr)
    if found.is_refused:
        print(f"refused: more than {history.MAX_LOSS:.0%} are lost, and not by chance", file=sys.stderr)
    return int(found.is_refused)


if __name__ == "__main__":
    sys.exit(main())
