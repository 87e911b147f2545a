"""A clock that was ahead, by minutes or by days, is set right: what it dated freezes nothing."""

import time
from collections.abc import Callable

import pytest

from noctuary.common import clock
from noctuary.incidents.trust import accounts
from noctuary.incidents.trust.confirmation import MAX_SINGLY
from noctuary.models.suspension import Suspension
from testbed.scene import Scene
from tests.unit.incidents.trust.test_confirmation import reads, started

AHEAD_S = [400.0, 3600.0, 3 * 86_400.0]
POST = {"method": "POST", "path": "/incidents/*/notes"}


@pytest.fixture(params=AHEAD_S)
def step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set our clock ahead by seconds, and return how to set it again; PagerDuty's stays right."""

    def set_ahead(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: time.time() + seconds)

    set_ahead(request.param)
    return set_ahead


@pytest.mark.parametrize(
    "rule", [("server-error", {"status": 429}), ("lose-answer", {}), ("server-error", {"status": 401})]
)
async def test_a_note_that_waited_is_sent_once_the_clock_is_right(
    scene: Scene, step: Callable[[float], None], rule: tuple[str, dict[str, int]]
) -> None:
    scene.pd.rules.add(rule[0], **POST, times=1, **rule[1])
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: _put_off(scene))
    step(0.0)
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def _put_off(scene: Scene) -> bool:
    statement, ahead = "SELECT count(*) FROM notes WHERE due_at > ?", time.time() + AHEAD_S[0] / 2
    count = await scene.store._database.read(lambda c: c.execute(statement, (ahead,)).fetchone()[0])
    return bool(count)


async def test_an_uncertain_note_that_was_dated_ahead_is_posted_once(
    scene: Scene, step: Callable[[float], None]
) -> None:
    scene.pd.rules.add("lose-request", **POST, times=1)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: [call for call in scene.pd.calls if call.method == "POST"])
    await scene.stop()
    step(0.0)
    scene.start()
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_a_later_look_that_was_dated_ahead_comes_and_ends(scene: Scene, step: Callable[[float], None]) -> None:
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    step(0.0)
    await scene.until(lambda: _no_rechecks(scene))


async def _no_rechecks(scene: Scene) -> bool:
    left = await scene.store._database.read(lambda c: c.execute("SELECT count(*) FROM rechecks").fetchone()[0])
    return bool(left == 0)


async def test_a_webhook_that_failed_under_a_clock_ahead_is_tried_again(
    scene: Scene, step: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.subscribe()
    pipeline = scene.start()
    update = pipeline.updater.update
    failed: list[object] = []

    async def fail_once(*told: object, **options: object) -> bool:
        if not failed:
            failed.append(told)
            raise ZeroDivisionError
        return bool(await update(*told, **options))  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(pipeline.updater, "update", fail_once)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: failed)
    step(0.0)
    await scene.until(lambda: scene.text(incident.id))


async def test_an_account_that_was_not_shown_is_asked_for_again(
    scene: Scene, step: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "RETRY_S", 0.1)
    monkeypatch.setattr(accounts, "POLL_S", 0.05)
    scene.pd.rules.add("server-error", path="/services", times=1)
    scene.start()
    await scene.until(lambda: [call for call in scene.pd.calls if call.path == "/services" and call.status])
    step(0.0)

    async def is_known() -> bool:
        state = await scene.store.integration_state("one")
        return state is not None and state.account is not None

    await scene.until(is_known)


async def storm(scene: Scene) -> int:
    """Have more incidents than are read one by one, and each with its note; return how many were read so."""
    known = len(reads(scene))
    incidents = [scene.pd.trigger(scene.service, f"Errors {n}") for n in range(MAX_SINGLY + 20)]
    await scene.until(lambda: all(scene.text(each.id) for each in incidents))
    return len(reads(scene)) - known


async def test_a_storm_after_it_is_confirmed_from_lists(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await started(scene)
    singly = []
    for ahead_s in (200.0, 0.0):
        monkeypatch.setattr(clock, "now", lambda ahead_s=ahead_s: time.time() + ahead_s)
        singly.append(await storm(scene))
    assert max(singly) <= MAX_SINGLY + 5


@pytest.mark.parametrize("ahead_s", AHEAD_S)
async def test_what_comes_after_it_was_not_held_by_a_suspension_that_ended_ahead(scene: Scene, ahead_s: float) -> None:
    await scene.subscribe()
    scene.route(suspensions=[Suspension(time.time() - 60, time.time() + ahead_s)])
    incident = scene.pd.trigger(scene.service, "Errors")
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.pd.drained()
    scene.start()
    await scene.until(lambda: scene.text(incident.id))
