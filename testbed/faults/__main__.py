"""`make faults RUNS=n`: both scenarios on one control plane, one table, exit 1 if anything was lost or doubled."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from testbed.faults.operator_run import disturb_operator
from testbed.faults.receiver_run import disturb_receiver
from testbed.faults.table import Outcome, render
from testbed.localkube import LocalKube
from testbed.progress import timed_progress
from testbed.stage.release import CRDS

SCENARIOS = {"receiver": disturb_receiver, "operator": disturb_operator}
report = timed_progress()


async def run(runs: int, seed: int, names: list[str], keep: Path | None) -> int:
    """Run the scenarios and print the table; return the exit code."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="noctuary-faults-") as temporary:
        cluster = await asyncio.to_thread(LocalKube, crds=CRDS)
        with cluster:
            for name in names:
                directory = (keep or Path(temporary)) / name
                directory.mkdir(parents=True)
                report(f"{name}: {runs} runs, seed {seed}")
                outcomes.append(await SCENARIOS[name](cluster, directory, runs, seed, report))
    print(render(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--runs", type=int, default=2, help="how many times each scenario disturbs (default 2)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeat the moments of an earlier run")
    parser.add_argument("--only", choices=sorted(SCENARIOS), action="append", help="one scenario instead of all")
    parser.add_argument("--logs", type=Path, help="keep the logs of both programs here")
    chosen = parser.parse_args()
    if chosen.runs < 1:
        parser.error("--runs must be 1 or more")
    return asyncio.run(run(chosen.runs, chosen.seed, chosen.only or list(SCENARIOS), chosen.logs))


if __name__ == "__main__":
    sys.exit(main())
