"""When the trouble of an incident began, as its alerts tell it, and what is told of what failed long after."""

import time
from datetime import UTC, datetime

import pytest

from noctuary.incidents.alerts import onset_of, read_alerts
from noctuary.pagerduty.objects import Alert
from testbed.cluster_events import fault, rollout
from testbed.scene import Scene

AT = 1_790_000_000.0
HOUR = 3600.0


def utc(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


ONSETS = {
    "its own": ([0.0], 0.0),
    "a later one": ([0.0, 60.0], 0.0),
    "one that was paused": ([-900.0, 0.0], -900.0),
    "one of an incident of five hours ago that was merged into it": ([-5 * HOUR, 0.0], 0.0),
    "one of days ago": ([-72 * HOUR, -1.0], -1.0),
    "none but one that was moved to it": ([-5 * HOUR], -5 * HOUR),
}


@pytest.mark.parametrize(("opened", "onset"), ONSETS.values(), ids=ONSETS)
def test_an_alert_of_long_before_the_incident_sets_no_time_where_one_is_younger(
    opened: list[float], onset: float
) -> None:
    alerts = [Alert(id=str(at), summary="Errors", created_at=utc(AT + at)) for at in opened]
    assert onset_of(read_alerts(alerts, AT), AT) == AT + onset


async def test_what_fails_as_the_incident_comes_is_told_however_old_its_only_alert_is(scene: Scene) -> None:
    now = time.time()
    await scene.store.add_events([rollout(now - 30), fault(now - 25, last_seen=now)])
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(
        scene.service, "Errors", alerts=[{"created_at": datetime.fromtimestamp(now - 5 * HOUR, UTC)}]
    )
    await scene.until(lambda: scene.text(incident.id))
    assert "keeps crashing since a rollout that came 5 h after the alert" in scene.text(incident.id)
