"""`python -m testbed.demo.recording`: play each story on a local control plane, and write its bundle."""

import asyncio
import json
from pathlib import Path

from noctuary.common.clock import format_time
from noctuary_cli.capture.capture import Asked, capture
from testbed.demo.recording.played_times import played
from testbed.demo.recording.scene import ALERT_AT, scene_in
from testbed.demo.recording.stories import STORIES, Story
from testbed.localkube import LocalKube
from testbed.stage.kube import Kube

BUNDLES = Path(__file__).resolve().parents[3] / "noctuary_cli" / "demo" / "bundles"


async def record(kube: Kube, story: Story) -> None:
    """Play one story and write what a capture of its namespace gives."""
    async with scene_in(kube, story.namespace) as scene:
        await story.happens(scene)
        captured = await capture(kube.client, Asked([story.namespace], story.service, story.title))
    bundle = {
        "id": story.name,
        "incident": captured.incident
        | {"triggered_at": format_time(ALERT_AT), "captured_at": format_time(ALERT_AT + 5)},
        "objects": played(captured.objects, scene.moments),
        "mapping": captured.services,
    }
    path = BUNDLES / f"{story.name}.json"
    path.write_text(json.dumps(bundle, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path}: {len(captured.objects)} objects, {path.stat().st_size} bytes")


async def record_all(kubeconfig: Path) -> None:
    """Record the stories one after the other."""
    kube = await Kube.connect(kubeconfig)
    try:
        for story in STORIES:
            await record(kube, story)
    finally:
        await kube.close()


if __name__ == "__main__":
    with LocalKube() as cluster:
        asyncio.run(record_all(cluster.kubeconfig))
