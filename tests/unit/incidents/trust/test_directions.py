"""The direction changes and changes back while an incident is open: its one note is current whenever notes go out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from noctuary.models.routing_record import Scope, TokenHash, hash_secret
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene

CHANGES = [
    ("bidirectional", "outbound"),
    ("bidirectional", "inbound"),
    ("outbound", "bidirectional"),
    ("outbound", "inbound"),
    ("inbound", "outbound"),
    ("inbound", "bidirectional"),
]
WORDS = {"acknowledge": "Acknowledged", "resolve": "Resolved after"}


def direct(scene: Scene, direction: str) -> None:
    """Change the direction as the operator hands it over: what is not for it is left out."""
    takes, writes = direction != "outbound", direction != "inbound"
    scene.accepts_webhooks = takes
    parts: dict[str, Any] = {
        "direction": direction,
        "api_token": scene.token if writes else None,
        "from_email": "bot@example.com",
        "tokens": [TokenHash(hash_secret("token-one"), 1)] if takes else [],
        "scope": Scope("service", scene.service) if takes else Scope(),
    }
    scene.route(**parts)


async def told(scene: Scene, direction: str) -> None:
    """Wait until what happened is known, by webhooks or by a comparison."""
    if direction == "outbound":
        scene.backfill()
    await scene.pd.drained()
    await scene.idle()


async def triggered(scene: Scene, direction: str) -> Incident:
    """Start with a direction, and have an incident of a minute ago with the note that it should have."""
    scene.timings = msgspec.structs.replace(scene.timings, recheck_s=600.0, last_recheck_s=1200.0)
    direct(scene, direction)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors", at=datetime.now(UTC) - timedelta(seconds=60))
    await told(scene, direction)
    if direction != "inbound":
        await scene.until(lambda: scene.text(incident.id))
        await scene.idle()
    return incident


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
@pytest.mark.parametrize(("first", "then"), CHANGES)
async def test_a_note_is_current_whenever_notes_go_out(scene: Scene, first: str, then: str, action: str) -> None:
    incident = await triggered(scene, first)
    direct(scene, then)
    getattr(scene.pd, action)(incident.id, by=scene.bot)
    await told(scene, then)
    direct(scene, first if first != "inbound" else then)
    await scene.until(lambda: WORDS[action] in scene.text(incident.id))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}
