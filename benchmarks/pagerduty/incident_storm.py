"""A storm of incidents: how many calls of its token each costs until all have their note, and when the last has it."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import structlog

from noctuary.incidents.timings import Timings
from testbed.pagerduty.account.account import Call
from testbed.scene import Scene, pipeline_scene

MOST_CALLS_EACH = 2.2
LAST_WITHIN_S = 150.0
LATENCY_S = 0.3
"""What a call of PagerDuty takes."""


async def storm(incidents: int, over_s: float) -> bool:
    """Play a storm against the simulator with PagerDuty's own rate limit; tell whether it stayed within the bounds."""
    with tempfile.TemporaryDirectory(prefix="noctuary-storm-") as directory:
        async with pipeline_scene(Path(directory) / "store", latency_s=LATENCY_S) as scene:
            scene.timings = Timings()
            await scene.subscribe()
            scene.start()
            await asyncio.sleep(1.0)
            return await _play(scene, incidents, over_s)


async def _play(scene: Scene, incidents: int, over_s: float) -> bool:
    calls_before, began_at = len(scene.pd.calls), time.monotonic()
    for number in range(incidents):
        await asyncio.sleep(max(0.0, began_at + number * over_s / incidents - time.monotonic()))
        scene.pd.trigger(scene.service, f"Storm {number}")
    while len(noted := _noted(scene)) < incidents and time.monotonic() < began_at + 2 * LAST_WITHIN_S:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    took_s, calls = time.monotonic() - began_at, scene.pd.calls[calls_before:]
    each = len(calls) / incidents
    kinds = {name: sum(_kind(call) == name for call in calls) for name in sorted({_kind(call) for call in calls})}
    print(f"{incidents} incidents in {over_s:.0f} s: {len(noted)} with one note, the last after {took_s:.1f} s")
    print(f"{each:.2f} calls each (at most {MOST_CALLS_EACH}): {kinds}")
    print(f"violations of PagerDuty's limits: {len(scene.pd.violations)}")
    return len(noted) == incidents and each <= MOST_CALLS_EACH and took_s <= LAST_WITHIN_S and not scene.pd.violations


def _noted(scene: Scene) -> list[str]:
    return [incident_id for incident_id, count in scene.pd.note_counts().items() if count == 1]


def _kind(call: Call) -> str:
    parts = call.path.strip("/").split("/")
    return f"{call.method} /{'/'.join('{id}' if number == 1 else part for number, part in enumerate(parts[:3]))}"


def main() -> None:
    """Play the storm and end with 1 when it broke a bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sys.exit(0 if asyncio.run(storm(given.incidents, given.seconds)) else 1)


if __name__ == "__main__":
    main()
