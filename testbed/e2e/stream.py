"""A stream of incidents, each opened, acknowledged and resolved, that goes on while something else happens."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from testbed.e2e.pagerduty import PagerDuty
from testbed.polling import eventually

PER_INCIDENT = 3
"""Webhooks: triggered, acknowledged, resolved."""
PAUSE_S = 0.03
"""Between incidents: some hundred webhooks in ten seconds, as in a bad storm."""
STEP_S = 60.0
"""The simulator's clock is moved on by this much, over the pauses between retries."""


def stream(
    pagerduty: PagerDuty, service: str, webhooks: int, meanwhile: Future[Any], progress: Callable[[str], None]
) -> int:
    """Make incidents for so many webhooks, and go on until `meanwhile` is over; return how many webhooks that makes."""
    made = 0
    while made < webhooks or not meanwhile.done():
        incident = pagerduty.trigger(service, f"page {made // PER_INCIDENT}")
        for verb in ("acknowledge", "resolve"):
            pagerduty.control.post(f"incidents/{incident}/{verb}")
        made += PER_INCIDENT
        if made % (100 * PER_INCIDENT) == 0:
            progress(f"{made} webhooks are on their way")
        time.sleep(PAUSE_S)
    return made


def drain(pagerduty: PagerDuty) -> dict[str, int]:
    """Move the clock on until every webhook is accepted or dropped; return the ledger's counts."""

    def counts() -> dict[str, int]:
        summary: dict[str, int] = pagerduty.control.get("summary")
        if summary["pending"]:
            pagerduty.advance(STEP_S)
        return summary

    return eventually("nothing is on its way", counts, lambda summary: summary["pending"] == 0)
