"""When a crash loop began, as far as a container's present state tells: the kubelet's pauses are known."""

import re

BACK_OFFS_S = (10, 20, 40, 80, 160)
"""The kubelet's pauses before it starts a container again; the first restart comes at once."""
LONGEST_BACK_OFF_S = 300
"""All pauses after those."""
WELL_S = 600.0
"""A run of twice the longest pause makes the kubelet begin anew with its pauses: it was no part of a loop."""
_SLOW_S = 120.0
"""Starting takes time that no pause holds: a pod may have turned unready that much before our estimate."""
_TOLD = re.compile(r"back-off (?:(\d{1,3})m)?(?:(\d{1,3})s)? restarting")


def loop_began_at(ended_at: float, run_s: float, restarts: int, message: str, unready_since: float) -> float:
    """Return when a container ended for the first time in its present loop.

    `message` is that of its waiting state: the pause it names tells how often the container ended since it last ran
    well. Where that says only `5 min`, all restarts count. Then a pod that turned unready before knows better.
    """
    told_s = _pause(message)
    is_known = told_s in BACK_OFFS_S
    ends = min(BACK_OFFS_S.index(told_s) + 2, restarts + 1) if is_known else restarts + 1
    began = ended_at if run_s >= WELL_S else ended_at - _length_s(ends, run_s)
    if not unready_since or unready_since >= began:
        return began
    may_be_same = unready_since >= began - max(_SLOW_S, ended_at - began)
    return unready_since if may_be_same or not is_known else began


def _length_s(ends: int, run_s: float) -> float:
    """Return how long a loop of so many ends takes: the runs between them, and the pauses before each but the first."""
    pauses = max(0, ends - 2)
    return sum(BACK_OFFS_S[:pauses]) + LONGEST_BACK_OFF_S * max(0, pauses - len(BACK_OFFS_S)) + run_s * (ends - 1)


def _pause(message: str) -> int:
    found = _TOLD.search(message)
    return int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
