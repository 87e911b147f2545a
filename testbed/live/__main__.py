"""`make live`: broken and healthy workloads on kind, their notes judged, their commands run; also compare, list."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from hack.image.store import Store
from hack.lib.cache import locked
from testbed.kind.errors import USER_FIXABLE
from testbed.kind.state import ClusterRecord, RunDirectory
from testbed.live.bench import open_bench
from testbed.live.cluster import LiveError
from testbed.live.images import load_images
from testbed.live.report import comparison, judge_again, table
from testbed.live.results import Result, ResultDirectory, totals
from testbed.live.run import AGE_S, Batch, numbered
from testbed.live.scenarios import ALL
from testbed.live.team import Team
from testbed.live.waves import WAVE_PODS, batches
from testbed.progress import timed_progress

INTERRUPTED = 130
FACTS_VARIABLE = "NOCTUARY_E2E_FACTS"
ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "live"


def run(options: argparse.Namespace) -> int:
    """Play the scenarios against a release and print how its notes fared; exit 0 only when the aims hold."""
    progress = timed_progress()
    facts = _facts()
    load_images(facts, Store("kind", progress))
    progress("the workloads' images are in the cluster")
    directory = ResultDirectory(BUILD, options.label)
    directory.forget({scenario.name for _, scenario in numbered(ALL, options.only)})
    # Two releases in one cluster would each look after the other's integrations.
    with locked(Path(facts.kubeconfig).with_name("live.lock"), "a measurement on this cluster", progress):
        found = asyncio.run(_run(options, facts, directory))
    print(table(found), flush=True)
    missed = totals(found).misses()
    for words in missed:
        print(f"NOT REACHED: {words}", flush=True)
    return 1 if missed else 0


async def _run(options: argparse.Namespace, facts: ClusterRecord, directory: ResultDirectory) -> list[Result]:
    progress = timed_progress()
    chosen = numbered(ALL, options.only)
    numbers = {scenario.name: number for number, scenario in chosen}
    planned = batches([scenario for _, scenario in chosen], options.wave_size)
    found: list[Result] = []
    async with open_bench(facts, options.tree.resolve()) as bench:
        for count, batch in enumerate(planned, 1):
            progress(f"batch {count} of {len(planned)}: {sum(map(len, batch))} workloads in {len(batch)} waves")
            teams = [[Team(each, numbers[each.name], bench.cluster, bench.release) for each in wave] for wave in batch]
            found += await Batch(bench, teams, directory, progress, options.age * 60).run()
    return found


def compare(options: argparse.Namespace) -> int:
    """Print old and new note of every workload of two runs."""
    text = comparison(_past(options.old), _past(options.new), ALL)
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader may have seen enough
    try:
        print(text, flush=True)
    finally:
        signal.signal(signal.SIGPIPE, before)  # else a connection that breaks would end whoever called us
    return 0


def show(options: argparse.Namespace) -> int:
    """Print the table of a run that is over, its notes judged by the truths of today."""
    print(table(judge_again(_past(options.label), ALL)))
    return 0


def _past(label: str) -> ResultDirectory:
    """Return the files of a run; raise LiveError where none of that label was."""
    directory = ResultDirectory(BUILD, label)
    if not directory.read():
        raise LiveError(f'no run of the label "{label}" under {BUILD}: name one that is there, or measure it first')
    return directory


def list_scenarios(_: argparse.Namespace) -> int:
    """Print every scenario with its truth."""
    for number, scenario in numbered(ALL, []):
        aged = "aged" if scenario.age else ""
        print(f"{number:3} {scenario.name:<28} {aged:<5} {scenario.truth.entity or '-':<24} {scenario.truth.cause}")
    olds, controls = sum(each.age for each in ALL), sum(each.is_control for each in ALL)
    print(f"{len(ALL)} workloads, {olds} aged, {controls} controls, {sum(each.pods for each in ALL)} pods")
    return 0


def _facts() -> ClusterRecord:
    named = os.environ.get(FACTS_VARIABLE)
    try:
        return RunDirectory(Path(named).parent if named else None).read_facts()
    except FileNotFoundError:
        raise LiveError("no cluster to measure on: run `make live`, or `make live KEEP=1` before") from None


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m testbed.live", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    doing = {"run": run, "compare": compare, "show": show, "list": list_scenarios}
    for verb, do in doing.items():
        verbs.add_parser(verb, help=do.__doc__).set_defaults(do=do)
    measured = verbs.choices["run"]
    measured.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these scenarios only")
    measured.add_argument("--label", default="now", help="the run's name under build/live")
    measured.add_argument("--tree", type=Path, default=ROOT, help="the checkout whose release is measured")
    measured.add_argument("--age", type=float, default=AGE_S / 60, help="minutes that old rollouts age, over 5")
    measured.add_argument("--wave-size", type=int, default=WAVE_PODS, help="pods at once")
    verbs.choices["compare"].add_argument("old")
    verbs.choices["compare"].add_argument("new")
    verbs.choices["show"].add_argument("label")
    return parser.parse_args()


def main() -> int:
    """Run one verb; what a person can fix is one message and exit code 2."""
    options = _parse()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        code: int = options.do(options)
    except (LiveError, *USER_FIXABLE) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
