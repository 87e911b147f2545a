"""`python -m testbed.docs docs/quickstart.md`: try one page as its test does, and print what its shell prints."""

import asyncio
import sys
import tempfile
from pathlib import Path

from testbed.docs.page_environment import StepFailed, page_environment
from testbed.docs.reader import APPLY_CRDS, STARTS, Reader
from testbed.docs.snippets import start_of


async def read(page: Path) -> int:
    """Run the page in an environment of its own; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="noctuary-docs-") as directory:
        async with page_environment(Path(directory)) as environment:
            try:
                await environment.must(STARTS.get(start_of(page) or "", APPLY_CRDS))
                await Reader(environment, progress=print).read(page)
            except StepFailed as error:
                print(error, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(read(Path(sys.argv[1]).resolve())))
