"""What logs say of a crash comes after the first note, and edits it once where it says more."""

import asyncio
import time

import msgspec

from noctuary.common.errors import KubernetesError
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import PodView, ServiceView
from noctuary.models.live_view import LiveView, LogReader, LogRequest
from testbed.scene import QUICK, Scene

LOG = "2026/11/21 10:00:00 listen tcp :8080: bind: address already in use"
NAMED = "keeps crashing: address already in use (port 8080)"
LATE = msgspec.structs.replace(QUICK, recheck_s=600.0, last_recheck_s=1200.0)


async def crashing(_services: list[ServiceView]) -> LiveView:
    """Show one pod of the service that crashes now."""
    now = time.time()
    event = ContextEvent(
        id="crash",
        tenant="payments",
        source="kubernetes",
        dedup_key="crash",
        service_name="payments-api",
        vendor="kubernetes",
        entity="pay-0",
        event_type=EventType.RESTART,
        timestamp=now - 30,
        last_seen=now,
        confidence=0.95,
        ttl_seconds=3600,
        object=ObjectRef("Pod", "payments", "pay-0", workload_kind="Deployment", workload_name="payments-api"),
        details={
            "reason": "CrashLoopBackOff",
            "container": "app",
            "exit_code": "1",
            "restarts": "3",
            "template_hash": "h",
        },
    )
    pod = PodView("payments", "pay-0", "payments-api", "h", "node-1", is_ready=False, restarts=3)
    return LiveView([event], [pod])


async def scene_with(scene: Scene, logs: LogReader) -> str:
    """Let an incident come of a service that crashes; return its id once its first note stands."""
    scene.live_reader, scene.logs, scene.timings = crashing, logs, LATE
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    return incident.id


async def test_the_note_does_not_wait_for_a_log_and_tells_it_when_it_is_there(scene: Scene) -> None:
    may_answer = asyncio.Event()

    async def slow(_request: LogRequest) -> list[str]:
        await may_answer.wait()
        return [LOG]

    incident_id = await scene_with(scene, slow)
    assert "keeps crashing with exit code 1" in scene.text(incident_id).splitlines()[0]
    may_answer.set()
    await scene.until(lambda: NAMED in scene.text(incident_id).splitlines()[0])


async def test_a_log_that_says_no_more_leaves_the_note_as_it_is(scene: Scene) -> None:
    asked = asyncio.Event()

    async def silent(_request: LogRequest) -> list[str]:
        asked.set()
        return ["starting"]

    incident_id = await scene_with(scene, silent)
    await asked.wait()
    await scene.idle()
    row = await scene.store.note(scene.account, incident_id)
    assert row is not None
    assert (row.rev, row.sent_rev) == (1, 1)


async def test_logs_that_are_refused_are_told_in_one_phrase(scene: Scene) -> None:
    async def refused(_request: LogRequest) -> list[str]:
        raise KubernetesError(403, "Forbidden", "pods/log")

    incident_id = await scene_with(scene, refused)
    told = "Not looked at: the last words of crashed containers, because the API server refuses to show their logs."
    await scene.until(lambda: told in scene.text(incident_id))
    assert "keeps crashing with exit code 1" in scene.text(incident_id).splitlines()[0]
