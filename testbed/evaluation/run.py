"""All bundles through `noctuary replay`'s own function, on all cores."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from noctuary_cli.replay.answer import answer_of
from noctuary_cli.replay.bundle import bundle_of
from noctuary_cli.replay.command import without_log
from noctuary_cli.replay.run import replay
from testbed.evaluation.ablations import ABLATIONS, shuffled_times
from testbed.evaluation.derive import versions
from testbed.evaluation.scoring.judge import Judged, judge

Json = dict[str, Any]
FIT, CHECK = "fit", "check"
TRUTH = "label"


class How(NamedTuple):
    """What is taken away from bundles, or added to them."""

    without: tuple[str, ...] = ()
    shuffle_times: bool = False
    noise: int = 1


def part_of(base: str) -> str:
    """Return the part that a base scenario is in, with all that derives from it: the check part fits nothing."""
    return CHECK if hashlib.sha256(base.encode()).digest()[0] % 2 else FIT


def judge_all(bundles: Iterable[Json], how: How, tell: Callable[[str], None]) -> list[Judged]:
    """Play all bundles and what derives from them; a bundle that cannot be played raises."""
    found: list[Judged] = []
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for done, judged in enumerate(workers.map(partial(_judge_base, how=how), bundles), 1):
            found += judged
            tell(f"{done} base scenarios, {len(found)} answers")
    return found


def _judge_base(bundle: Json, how: How) -> list[Judged]:
    with without_log():
        return [judge(each["id"], each[TRUTH], answer) for each, answer in answers(bundle, how)]


def answers(bundle: Json, how: How) -> Iterator[tuple[Json, Json]]:
    """Yield each version of a bundle with the product's answer to it, which never sees the truth."""
    for version in versions(bundle, how.noise):
        shown = {key: value for key, value in _ablated(version, how).items() if key != TRUTH}
        played = asyncio.run(replay(bundle_of(shown, version["id"], Path()), reads_live="live" not in how.without))
        yield version, answer_of(played)


def _ablated(bundle: Json, how: How) -> Json:
    for name in how.without:
        bundle = ABLATIONS[name](bundle)
    return shuffled_times(bundle) if how.shuffle_times else bundle
