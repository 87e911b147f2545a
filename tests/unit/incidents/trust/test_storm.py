"""A storm: what each incident costs its token until it has its note, counted at PagerDuty's end."""

from pathlib import Path

from testbed.scene import pipeline_scene

INCIDENTS = 500
MOST_CALLS_EACH = 2.2


async def test_five_hundred_incidents_cost_little_more_than_their_alerts_and_notes(tmp_path: Path) -> None:
    async with pipeline_scene(tmp_path / "store", requests_per_minute=None) as scene:
        await scene.subscribe()
        scene.start()
        for number in range(INCIDENTS):
            scene.pd.trigger(scene.service, f"Storm {number}")
        await scene.until(lambda: set(scene.pd.note_counts().values()) == {1}, timeout_s=150)
        calls = [call for call in scene.pd.calls if call.method != "PUT"]
    assert len(calls) / INCIDENTS <= MOST_CALLS_EACH
