"""The sender's own process: `python -m testbed.attack.mutations COUNT TARGET`; prints what was answered, as JSON."""

import asyncio
import json
import os
import sys

from testbed.attack.floods.target import Target
from testbed.attack.mutations.send import send_mutated

NICENESS = 5


def main() -> int:
    """Send mutated requests."""
    os.nice(NICENESS)
    print(json.dumps(asyncio.run(send_mutated(Target.from_text(sys.argv[2]), int(sys.argv[1])))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
