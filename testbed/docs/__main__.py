"""`python -m testbed.docs docs/quickstart.md`: try one page as its test does, and print what its shell prints."""

import asyncio
import sys
import tempfile
from pathlib import Path

from testbed.docs.desk import StepFailed, desk
from testbed.docs.reader import DEFINITIONS, STARTS, Reader
from testbed.docs.snippets import start_of


async def read(page: Path) -> int:
    """Read the page at a desk of its own; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="noctuary-docs-") as directory:
        async with desk(Path(directory)) as own:
            try:
                await own.must(STARTS.get(start_of(page) or "", DEFINITIONS))
                await Reader(own, tell=print).read(page)
            except StepFailed as error:
                print(error, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(read(Path(sys.argv[1]).resolve())))
