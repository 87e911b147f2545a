"""The flooder's own process: `python -m testbed.attack.floods NAME TARGET`; prints how the answers were, as JSON."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

from testbed.attack.floods import bodies, connections
from testbed.attack.floods.target import Target

NICENESS = 19
"""In life a flooder has a machine of its own: here it must not take the processor from what it attacks."""

Send = Callable[[Target], Awaitable[Counter[str]]]
SENDERS: dict[str, Send] = {
    "duplicate-keys": bodies.duplicate_keys,
    "slow-bodies": connections.slow_bodies,
    "endless-headers": connections.endless_headers,
    "half-heads": connections.half_heads,
    "idle-connections": connections.idle,
    "big-events": bodies.big_events,
    "many-senders": bodies.many_senders,
    "scrapes": connections.scrapes,
    "service-names": bodies.service_names,
    "forged-webhooks": bodies.forged_webhooks,
    "forged-of-many": bodies.forged_of_many,
    "held-webhooks": bodies.held_webhooks,
}


def main() -> int:
    """Send one flood."""
    os.nice(NICENESS)
    ends = asyncio.run(_send(SENDERS[sys.argv[1]], Target.from_text(sys.argv[2])))
    print(json.dumps(ends))
    return 0


async def _send(send: Send, target: Target) -> Counter[str]:
    return await send(target)


if __name__ == "__main__":
    sys.exit(main())
