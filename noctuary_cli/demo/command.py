"""Plays the recorded bundles of this package: each incident as PagerDuty shows it, then the note."""

import asyncio
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec

from noctuary.common.settings.process import DONE
from noctuary_cli.replay.bundle import Bundle, bundle_of
from noctuary_cli.replay.command import without_log
from noctuary_cli.replay.run import replay

ORDER = ("bad-release", "low-limit", "nothing-changed")
"""From the plainest to the one where nobody is to blame."""
RULE = "-" * 100


def demo_bundles() -> Iterator[Bundle]:
    """Yield the recorded incidents."""
    place = files("noctuary_cli.demo") / "bundles"
    for name in ORDER:
        yield bundle_of(msgspec.json.decode((place / f"{name}.json").read_bytes()), name, Path())


def play_demo() -> int:
    """Print each incident and its note; return the exit code."""
    began = time.monotonic()
    with without_log():
        for number, bundle in enumerate(demo_bundles(), 1):
            print(f"{RULE}\n{number} of {len(ORDER)}. PagerDuty: {bundle.incident['title']}")
            print(f"   triggered {bundle.incident['triggered_at']}; {len(bundle.objects)} objects were recorded")
            print(f"{RULE}\n{asyncio.run(replay(bundle)).note.rstrip()}\n", flush=True)
    print(
        f"{RULE}\n{len(ORDER)} incidents in {time.monotonic() - began:.1f} s, without a cluster and without a network."
    )
    print("Record your own: noctuary replay --capture NAMESPACE")
    return DONE
