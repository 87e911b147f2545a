"""An incident's life on a real API server: blamed on what the cluster shows, cleared by what the cluster shows."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kubelet import Behaviour, Kubelet, crashing, image_missing
from testbed.stage.stage import Stage, start_stage
from testbed.told import without_percent

GOOD, BAD = "registry.example.com/payments:1.0.0", "registry.example.com/payments:1.1.0"


async def broken(stage: Stage, namespace: str, kubelet: Kubelet) -> None:
    """Roll out a good version, then a bad one, and wait until the cluster shows that it is bad."""
    await stage.user.roll_out(namespace, "payments", GOOD)
    await stage.user.wait_available(namespace, "payments")
    await stage.user.roll_out(namespace, "payments", BAD)

    async def is_waiting() -> bool:
        pods = await stage.kube.list("/api/v1", namespace, "pods")
        return any("waiting" in s["state"] for p in pods for s in p["status"].get("containerStatuses", []))

    await until("a pod waits", is_waiting)


def first_line(pagerduty: PagerDutySimulator, incident_id: str) -> str:
    notes = pagerduty.notes(incident_id)
    assert len(notes) <= 1
    return notes[0].content.splitlines()[0] if notes else ""


def starts(pagerduty: PagerDutySimulator, incident_id: str, words: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return without_percent(first_line(pagerduty, incident_id)).startswith(words)

    return holds


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("behaviour", "symptom"), [(crashing, "new pods crash"), (image_missing, "the image cannot be pulled")]
)
async def test_a_bad_rollout_is_blamed_and_its_rollback_is_seen_to_clear_it(
    cluster: Cluster, tmp_path: Path, behaviour: Behaviour, symptom: str
) -> None:
    namespace = f"team-{secrets.token_hex(3)}"
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        service = await stage.declare(namespace, "payments")
        kubelet = Kubelet(stage.kube, namespace)
        kubelet.let(BAD, behaviour)
        reporting = asyncio.create_task(kubelet.run())
        try:
            await broken(stage, namespace, kubelet)
            incident = pagerduty.trigger(service, "Errors")
            await until("the note blames it", starts(pagerduty, incident.id, "Likely cause: payments was rolled out"))
            assert symptom in first_line(pagerduty, incident.id)
            await stage.user.roll_out(namespace, "payments", GOOD)
            await stage.user.wait_available(namespace, "payments")
            pagerduty.resolve(incident.id)
            await until("the note is closed", starts(pagerduty, incident.id, "Resolved after"))
            text = pagerduty.notes(incident.id)[0].content
            assert "Cleared: rolled back to 1.0.0" in text
            assert "are ready now" in text
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)
        assert pagerduty.violations == []
