"""What may not be looked at: a namespace that does not consent acquits nobody, and none is asked beside it."""

import time

import pytest

from noctuary.models.diagnosis import PodView, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.models.routing_record import ServiceMapping
from testbed.cluster_events import fault, rollout
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene

CLOSED = {"databases": "no consent"}


def web_and_db(*, is_open: bool) -> list[ServiceMapping]:
    """Return a mapping whose dependency runs in a namespace of others."""
    db = ServiceMapping("db", namespaces=["databases"] if is_open else [], closed={} if is_open else CLOSED)
    return [ServiceMapping("payments-api", namespaces=["payments"], depends_on=["db"]), db]


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
