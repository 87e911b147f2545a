"""`make attack`: the matrix, the mutated requests and the floods; one table, exit 1 on any effect on somebody else."""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from testbed.attack.accounts import Accounts
from testbed.attack.floods.catalogue import FLOODS
from testbed.attack.floods.health_port import NAME as HEALTH_PORT
from testbed.attack.floods.health_port import flood_health_port
from testbed.attack.floods.operator_memory import NAME as OPERATOR_FLOOD
from testbed.attack.floods.operator_memory import flood_operator
from testbed.attack.floods.run import run_floods
from testbed.attack.floods.scene import make_scene
from testbed.attack.matrix.run import NAME as MATRIX
from testbed.attack.matrix.run import run_matrix
from testbed.attack.mutations.run import NAME as MUTATIONS
from testbed.attack.mutations.run import run_mutations
from testbed.attack.place import Place, open_place
from testbed.attack.table import Row, render, write_json
from testbed.localkube import LocalKube
from testbed.progress import timed_progress
from testbed.stage.release import CRDS, ROOT

DEFAULT_SEED = 9
RESULTS = ROOT / "build" / "attack"
NAMES = [MATRIX, *(flood.name for flood in FLOODS), MUTATIONS, HEALTH_PORT, OPERATOR_FLOOD]
report = timed_progress()


async def run(names: list[str], seed: int, label: str) -> list[Row]:
    """Put the place up, attack it, and remove it; print and keep each row as it is known."""
    rows: list[Row] = []
    _end_tidily()
    with tempfile.TemporaryDirectory(prefix="noctuary-attack-") as directory:
        cluster = await asyncio.to_thread(LocalKube, crds=CRDS)
        with cluster:
            async with Accounts() as accounts, open_place(cluster, accounts, Path(directory)) as place:
                report("the place stands")
                async for row in attack(place, accounts, names, seed):
                    rows.append(row)
                    report("\n" + render([row]))
                    write_json(rows, RESULTS / f"{label}.json", label)
    return rows


def _end_tidily() -> None:
    """Take SIGTERM as Ctrl-C, so that what was put up is removed."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)


async def attack(place: Place, accounts: Accounts, names: list[str], seed: int) -> AsyncIterator[Row]:
    """Run the chosen attacks in the order in which they disturb each other least."""
    if MATRIX in names:
        async for row in run_matrix(place, accounts):
            yield row
    if not set(names) - {MATRIX}:
        return
    scene = await make_scene(place, accounts)
    async for row in run_floods(scene, names, seed, report):
        yield row
    if MUTATIONS in names:
        yield await run_mutations(scene, seed, report)
    if HEALTH_PORT in names:
        yield await flood_health_port(place, report)
    if OPERATOR_FLOOD in names:
        report(f"{OPERATOR_FLOOD}: labelled Secrets and resources at the bounds, then a restart")
        yield await flood_operator(place, accounts, report)


def main() -> int:
    """Parse the arguments, attack, and print the table."""
    parser = argparse.ArgumentParser(prog="make attack")
    parser.add_argument("--only", choices=NAMES, action="append", help="this attack instead of all; may be repeated")
    parser.add_argument("--label", default="attack", help="name of the JSON file below build/attack/")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of everything that is generated")
    chosen = parser.parse_args()
    rows = asyncio.run(run(chosen.only or NAMES, chosen.seed, chosen.label))
    print(render(rows))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
