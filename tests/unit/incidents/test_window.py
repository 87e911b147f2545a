"""What an incident's window holds, and what its note says was cut."""

import time

import pytest

from noctuary.models.context_event import ContextEvent
from noctuary.models.routing_record import ServiceMapping
from testbed.cluster_events import fault, rollout
from testbed.scene import Scene

LABELS = {"app": "ledger"}


@pytest.fixture
async def mapped(scene: Scene) -> Scene:
    """The scene with a service that is mapped by labels in a busy namespace."""
    scene.route(services=[ServiceMapping("accounts", scene.service, LABELS, ["prod"])])
    await scene.subscribe()
    return scene


def of_ledger(at: float, count: int = 1) -> list[ContextEvent]:
    return [fault(at + n / 1000, pod=n, workload="ledger", namespace="prod", labels=LABELS) for n in range(count)]


async def test_the_rollout_is_blamed_although_other_pods_warned_a_hundred_times_more(mapped: Scene) -> None:
    now = time.time()
    noise = [
        fault(now - 5 - n / 1000, pod=n, workload=f"job-{n % 40}", namespace="prod", labels={"app": f"job-{n % 40}"})
        for n in range(2_000)
    ]
    own = rollout(now - 120, workload="ledger", namespace="prod", labels=LABELS)
    await mapped.store.add_events([own, *of_ledger(now - 100), *noise])
    mapped.start()
    incident = mapped.pd.trigger(mapped.service, "Errors")
    await mapped.until(lambda: mapped.text(incident.id))
    assert mapped.text(incident.id).startswith("Likely cause: ledger was rolled out to 2.4.1")
    assert "the oldest" not in mapped.text(incident.id)


async def test_what_was_cut_of_its_own_warnings_is_said(mapped: Scene) -> None:
    now = time.time()
    own = rollout(now - 120, workload="ledger", namespace="prod", labels=LABELS)
    await mapped.store.add_events([own, *of_ledger(now - 100, 520)])
    mapped.start()
    incident = mapped.pd.trigger(mapped.service, "Errors")
    await mapped.until(lambda: mapped.text(incident.id))
    assert "Not looked at: the oldest 220 of 520 warnings of accounts since" in mapped.text(incident.id)
    assert mapped.text(incident.id).startswith("Likely cause: ledger was rolled out to 2.4.1")
