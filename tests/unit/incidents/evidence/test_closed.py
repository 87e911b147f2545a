"""What may not be looked at: a namespace that does not consent acquits nobody, and none is asked beside it."""

import time
from typing import Any

import pytest

from noctuary.models.diagnosis import PodView, ServiceView, Subject
from noctuary.models.live_view import LiveView
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.models.routing_record import ServiceMapping
from testbed.cluster_events import fault, rollout
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene

CLOSED = {"databases": "no consent"}


def web_and_db(*, is_open: bool) -> list[ServiceMapping]:
    """Return a mapping whose dependency runs in a namespace of others."""
    db = ServiceMapping("db", namespaces=["databases"] if is_open else [], closed={} if is_open else CLOSED)
    return [ServiceMapping("payments-api", namespaces=["payments"], depends_on=["db"]), db]


async def looked_twice_more(scene: Scene) -> None:
    """Wait until the second and the last look are over."""

    async def is_over() -> bool:
        return not await scene.store._database.read(lambda c: c.execute("SELECT 1 FROM rechecks").fetchall())

    await scene.until(is_over)


async def alerted(scene: Scene) -> Incident:
    """Start and return an incident whose note stands."""
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    return incident


@pytest.mark.parametrize("namespace", ["databases", "payments"])
async def test_a_dependency_that_nobody_may_look_at_is_not_acquitted(scene: Scene, namespace: str) -> None:
    now = time.time()
    scene.route(services=web_and_db(is_open=False))
    await scene.store.add_events(
        [rollout(now - 4000), *(make(now - 60, workload="db", namespace=namespace) for make in (rollout, fault))]
    )
    text = scene.text((await alerted(scene)).id)
    assert "Not looked at: db in databases (no consent)." in text
    assert "of db" not in text
    assert "db was rolled out" not in text


async def test_what_consents_after_the_first_look_is_looked_at_by_the_next(scene: Scene) -> None:
    scene.route(services=web_and_db(is_open=False))
    incident = await alerted(scene)
    assert "db in databases (no consent)" in scene.text(incident.id)
    scene.route(services=web_and_db(is_open=True))
    await scene.until(lambda: "no consent" not in scene.text(incident.id))


async def test_a_service_of_which_a_part_is_closed_is_neither_quiet_nor_without_pods(scene: Scene) -> None:
    db = ServiceMapping("db", namespaces=["payments"], closed=CLOSED)
    own = ServiceMapping("payments-api", namespaces=["payments"], depends_on=["db"], closed={"prod": "no consent"})
    scene.route(services=[own, db])

    async def read(_services: list[ServiceView]) -> LiveView:
        return LiveView(pods=[PodView("payments", "db-1", "db", "h", "n", is_ready=True)])

    scene.live_reader = read
    await scene.store.add_events([rollout(time.time() - 4000)])
    text = scene.text((await alerted(scene)).id)
    for said in ("payments-api in prod (no consent)", "db in databases (no consent)"):
        assert f"Not looked at: {said}." in text
    for unsaid in ("no pod", "0 pods", "no fault of db", "its dependencies"):
        assert unsaid not in text


async def test_what_nobody_mapped_is_looked_for_in_no_namespace_that_is_closed(scene: Scene) -> None:
    own = ServiceMapping("payments-api", depends_on=["cache"], closed={"prod": "no consent"})
    scene.route(services=[own])
    await scene.store.add_events([fault(time.time() - 60, workload="cache", namespace="payments")])
    text = scene.text((await alerted(scene)).id)
    assert text.startswith("No context yet: nothing was ever seen of payments-api.")
    assert "Not looked at: cache in prod (no consent)." in text


DB = Subject("Deployment", "databases", "db")
THERE: dict[str, Any] = {"workload": "db", "namespace": "databases"}
AFTER = "9.9.9"
"""The version that is rolled out in a namespace when it is no business of the integration any more."""


class Database:
    """The dependency in a namespace of others, as the cluster shows it; `asked` are the namespaces that were read."""

    def __init__(self) -> None:
        self.found = self.of(13, 14)
        self.asked: set[str] = set()

    def of(self, *numbers: int, image: str = "") -> WorkloadRevisions:
        return WorkloadRevisions(DB, max(numbers), [StoredRevision(n, f"h24{n - 13}", image) for n in numbers])

    async def read(self, subject: Subject) -> WorkloadRevisions | None:
        self.asked.add(subject.namespace)
        return self.found if subject == DB else None

    async def live(self, services: list[ServiceView]) -> LiveView:
        self.asked |= {namespace for service in services for namespace in service.namespaces}
        return LiveView()


async def blamed(scene: Scene) -> tuple[Incident, Database]:
    """Return an incident whose note blames what a mapped namespace of others rolled out."""
    now, database = time.time(), Database()
    scene.revision_reader, scene.live_reader = database.read, database.live
    scene.route(services=web_and_db(is_open=True))
    await scene.store.add_events([rollout(now - 120, **THERE), fault(now - 100, **THERE)])
    incident = await alerted(scene)
    assert scene.words(incident.id).startswith("Likely cause: db (a dependency) was rolled out to 2.4.1")
    return incident, database


UNMAPPED = [ServiceMapping("payments-api", namespaces=["payments"])]
TAKEN_BACK = {
    "the consent": (web_and_db(is_open=False), "db in databases (no consent)"),
    "the mapping of the dependency": (UNMAPPED, "db in databases (mapped no more)"),
    "all mappings": ([], "db in databases (mapped no more)"),
}


@pytest.mark.parametrize(("services", "said"), TAKEN_BACK.values(), ids=TAKEN_BACK)
@pytest.mark.parametrize("edit", ["acknowledge", "resolve"])
async def test_an_edit_tells_nothing_new_of_what_is_open_no_more(
    scene: Scene, edit: str, services: list[ServiceMapping], said: str
) -> None:
    incident, database = await blamed(scene)
    scene.route(services=services)
    database.found, database.asked = database.of(13, 15, image=f"registry.example.com/db:{AFTER}"), set()
    await scene.store.add_events([rollout(time.time(), AFTER, "2.4.1", "h243", **THERE)])
    getattr(scene.pd, edit)(incident.id, by=scene.bot)
    await scene.until(lambda: "cknowledged" in scene.text(incident.id) or "Resolved at" in scene.text(incident.id))
    await looked_twice_more(scene)
    await scene.idle()
    text = scene.text(incident.id)
    assert "db (a dependency) was rolled out to 2.4.1" in text
    assert f"Not looked at: {said}." in text
    assert (AFTER in text, "databases" in database.asked) == (False, False)


async def test_what_was_told_to_be_done_already_stays_told(scene: Scene) -> None:
    incident, database = await blamed(scene)
    database.found = WorkloadRevisions(DB, 15, [StoredRevision(14, "h241"), StoredRevision(15, "h240")])
    await scene.store.add_events([rollout(time.time(), "2.4.0", "2.4.1", "h240", **THERE)])
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "already rolled back to 2.4.0" in scene.text(incident.id))
    scene.route(services=web_and_db(is_open=False))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved"))
    assert "already rolled back to 2.4.0" in scene.text(incident.id)
