"""`make bench ARGS="resources --count 1000"` or `ARGS="notes --count 200"`; without ARGS: both."""

import argparse
import asyncio
import sys

from benchmarks.notes import measure_notes
from benchmarks.resources import measure_resources

RESOURCES = 1000
INCIDENTS = 200


async def run(what: str, count: int | None) -> None:
    """Run the chosen measurements one after the other."""
    if what in ("resources", "all"):
        await measure_resources(count or RESOURCES)
    if what in ("notes", "all"):
        await measure_notes(count or INCIDENTS)


def main() -> int:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("what", nargs="?", choices=("resources", "notes", "all"), default="all")
    parser.add_argument("--count", type=int, help="resources or incidents (default 1000 and 200)")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.what, chosen.count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
