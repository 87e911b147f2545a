"""What holds when a note is edited, as an incident goes its way: each look reads only what its note tells."""

import asyncio
import time

import msgspec
import pytest

from noctuary.common.errors import KubernetesUnavailable
from noctuary.incidents.evidence.standing import read_revisions
from noctuary.incidents.told.sightings import Sighting
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import PodView, ServiceView, Subject
from noctuary.models.evidence import Evidence, Standing
from noctuary.models.live_view import LiveView
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.models.routing_record import ServiceMapping
from testbed.cluster_events import fault, kubernetes_event, rollout
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene

API = Subject("Deployment", "payments", "payments-api")


class Numbers:
    """The revisions of the only workload, which an undo renumbers."""

    def __init__(self) -> None:
        self.found = self.of(13, 14)
        self.reads = 0

    def of(self, *numbers: int) -> WorkloadRevisions:
        return WorkloadRevisions(API, max(numbers), [StoredRevision(n, f"h{n}") for n in numbers])

    async def read(self, subject: Subject) -> WorkloadRevisions | None:
        self.reads += 1
        return self.found if subject == API else None


async def test_when_the_time_of_a_look_is_over_no_revisions_are_asked_for() -> None:
    numbers = Numbers()
    assert await read_revisions(numbers.read, [API], asyncio.get_running_loop().time()) is None
    assert numbers.reads == 0


async def standing(scene: Scene, incident: Incident) -> Standing:
    row = await scene.incident(incident.id)
    found = msgspec.json.decode(row.diagnosis or b"", type=Evidence).standing
    assert found is not None
    return found


async def blamed(scene: Scene, numbers: Numbers) -> Incident:
    """Return an incident whose note blames a rollout."""
    now = time.time()
    scene.revision_reader = numbers.read
    await scene.store.add_events([rollout(now - 120), fault(now - 100)])
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause"))
    return incident


async def looked_twice_more(scene: Scene) -> None:
    """Wait until the second and the last look are over."""

    async def is_over() -> bool:
        return not await scene.store._database.read(lambda c: c.execute("SELECT 1 FROM rechecks").fetchall())

    await scene.until(is_over)


def undo() -> ContextEvent:
    return rollout(time.time(), "2.4.0", "2.4.1", "h240")


async def test_a_rollback_after_the_alert_is_seen_by_the_second_look(scene: Scene) -> None:
    numbers = Numbers()
    incident = await blamed(scene, numbers)
    await scene.store.add_events([undo()])
    numbers.found = numbers.of(14, 15)

    async def is_seen() -> bool:
        return (await standing(scene, incident)).rollback is not None

    await scene.until(is_seen)
    assert (await standing(scene, incident)).revisions == [numbers.of(14, 15)]


@pytest.mark.parametrize("edit", ["acknowledge", "resolve"])
async def test_revisions_are_read_anew_at_each_edit(scene: Scene, edit: str) -> None:
    numbers = Numbers()
    incident = await blamed(scene, numbers)
    numbers.found = numbers.of(14, 15)
    getattr(scene.pd, edit)(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id) or "Resolved" in scene.text(incident.id))
    assert (await standing(scene, incident)).revisions == [numbers.of(14, 15)]


async def test_the_first_note_takes_the_revisions_of_the_live_view(scene: Scene) -> None:
    numbers = Numbers()

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView(revisions=[numbers.found])

    scene.live_reader = read
    incident = await blamed(scene, numbers)
    assert ((await standing(scene, incident)).revisions, numbers.reads) == ([numbers.of(13, 14)], 0)


async def test_a_look_that_sees_nothing_new_writes_nothing(scene: Scene) -> None:
    incident = await blamed(scene, Numbers())
    await scene.idle()
    before = await scene.incident(incident.id)
    await asyncio.sleep(2.5)
    assert (await scene.incident(incident.id)).revision == before.revision
    assert [call.method for call in scene.pd.calls if "/notes" in call.path] == ["POST"]


async def test_what_cleared_is_counted_of_the_dependency_that_was_blamed(scene: Scene) -> None:
    now = time.time()
    scene.route(services=[ServiceMapping("payments-api", namespaces=["payments"], depends_on=["ledger"])])
    pods = [PodView("payments", f"{name}-{n}", name, "h", "n", is_ready=True)
            for name, count in (("payments-api", 3), ("ledger", 2)) for n in range(count)]  # fmt: skip

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView(pods=pods)

    scene.live_reader = read
    await scene.store.add_events([rollout(now - 120, workload="ledger"), fault(now - 100, workload="ledger")])
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: ledger (a dependency)"))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert "2 of 2 pods are ready now" in scene.text(incident.id)


async def test_what_shows_only_after_minutes_is_found_by_the_last_look(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await asyncio.sleep(1.6)  # the second look is over
    now = time.time()
    await scene.store.add_events([rollout(now - 30), fault(now - 20)])
    await scene.until(lambda: scene.words(incident.id).startswith("Likely cause: payments-api was rolled out"))


async def blamed_on_ledger(scene: Scene, causes: list[ContextEvent]) -> tuple[Incident, list[list[str]]]:
    """Trigger an incident of payments-api, which depends on ledger; return which services each look reads live."""
    asked: list[list[str]] = []

    async def read(services: list[ServiceView]) -> LiveView:
        asked.append([each.name for each in services])
        return LiveView()

    scene.route(services=[ServiceMapping("payments-api", namespaces=["payments"], depends_on=["ledger", "search"])])
    scene.live_reader = read
    await scene.store.add_events(causes)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    return incident, asked


async def test_an_edit_of_an_open_incident_reads_no_services_and_a_resolution_those_of_the_cause(scene: Scene) -> None:
    now = time.time()
    causes = [rollout(now - 120, workload="ledger"), fault(now - 100, workload="ledger")]
    incident, asked = await blamed_on_ledger(scene, causes)
    await looked_twice_more(scene)
    looks = [["payments-api", "ledger", "search"]] * 3
    assert asked == looks
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    await scene.idle()  # else the edit's row may be written while the resolution is decided, which then is decided anew
    assert asked == looks
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved"))
    assert asked == [*looks, ["ledger"]]


async def test_an_event_that_changes_nothing_of_the_note_reads_nothing(scene: Scene) -> None:
    numbers = Numbers()
    incident = await blamed(scene, numbers)
    await looked_twice_more(scene)
    reads = numbers.reads
    row = await scene.incident(incident.id)
    seen = Sighting(incident.id, time.time(), row.status, is_exact=True, urgency="low")
    assert scene.pipeline is not None
    await scene.pipeline.updater.update(scene.records["one"], [seen])
    assert ((await scene.incident(incident.id)).urgency, numbers.reads) == ("low", reads)


async def test_a_rollback_that_only_the_revisions_tell_of_is_in_the_next_edit(scene: Scene) -> None:
    numbers = Numbers()
    incident = await blamed(scene, numbers)
    await looked_twice_more(scene)
    numbers.found = msgspec.structs.replace(numbers.of(14, 15), rollouts=[undo()])
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    found = await standing(scene, incident)
    assert (found.rollback is not None, found.revisions) == (True, [numbers.of(14, 15)])


async def test_a_resolved_incident_of_no_cause_reads_its_own_service(scene: Scene) -> None:
    incident, asked = await blamed_on_ledger(scene, [])
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved"))
    assert ["payments-api"] in asked


async def test_a_cluster_that_did_not_answer_is_not_asked_for_revisions_by_the_first_note(scene: Scene) -> None:
    numbers = Numbers()

    async def read(_services: list[ServiceView]) -> LiveView:
        raise KubernetesUnavailable(0, "TooSlow", "not read")

    scene.live_reader = read
    incident = await blamed(scene, numbers)
    assert ((await standing(scene, incident)).revisions, numbers.reads) == (None, 0)


async def test_what_was_scaled_further_is_not_scaled_back_by_the_next_edit(scene: Scene) -> None:
    numbers, now = Numbers(), time.time()
    numbers.found = msgspec.structs.replace(numbers.of(14), replicas=0)
    scene.revision_reader = numbers.read
    scaling = {"old_value": "2", "new_value": "0"}
    stopped = kubernetes_event("Deployment", API.name, EventType.SCALE_EVENT, now - 20, {}, **scaling)
    await scene.store.add_events([stopped])
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: "--replicas=2" in scene.text(incident.id))
    numbers.found = msgspec.structs.replace(numbers.found, replicas=10)
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    assert "; already scaled to 10." in scene.text(incident.id).splitlines()[0]
    assert "--replicas" not in scene.text(incident.id)
