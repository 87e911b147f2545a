"""Record the scenarios on a control plane of their own: `python -m testbed.evaluation.recording [WORD ...]`."""

import asyncio
import sys

from testbed.evaluation.bundles import write_bundles
from testbed.evaluation.recording.record import record
from testbed.evaluation.registry import SCENARIOS
from testbed.evaluation.truths import write_labels

if __name__ == "__main__":
    words = sys.argv[1:]
    chosen = [each for each in SCENARIOS if not words or any(word in each.id for word in words)]
    found, failed = asyncio.run(record(chosen))
    write_bundles(found)
    write_labels()
    print("\n".join(failed), file=sys.stderr)
    sys.exit(bool(failed))
