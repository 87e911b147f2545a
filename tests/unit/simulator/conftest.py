"""A simulated PagerDuty, and somebody who takes its webhooks."""

from collections.abc import AsyncIterator

import pytest

from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.webhooks.receiver import ScriptedReceiver


@pytest.fixture
async def pd() -> AsyncIterator[PagerDutySimulator]:
    """An account with nothing in it."""
    async with PagerDutySimulator() as simulator:
        yield simulator


@pytest.fixture
async def receiver() -> AsyncIterator[ScriptedReceiver]:
    """Takes webhooks, and answers as it is told."""
    async with ScriptedReceiver() as running:
        yield running
