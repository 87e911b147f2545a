"""A clock that was days ahead is set right: what it dated freezes nothing."""

import time
from collections.abc import Callable

import pytest

from noctuary.common import clock
from testbed.scene import Scene

DAYS_S = 3 * 86_400.0
POST = {"method": "POST", "path": "/incidents/*/notes"}


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set our clock ahead by seconds; PagerDuty's stays right."""

    def set_ahead(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: time.time() + seconds)

    set_ahead(DAYS_S)
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
    statement = "SELECT count(*) FROM notes WHERE due_at > ?"
    count = await scene.store._database.read(lambda c: c.execute(statement, (time.time() + DAYS_S / 2,)).fetchone()[0])
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
