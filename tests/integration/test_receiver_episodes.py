"""An incident that is reopened after a bad rollout, from the receiver's real process and a real API server."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from noctuary.models.routing_record import ServiceMapping
from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.routing_records import release_record
from testbed.stage.receiver_process import ReceiverRelease

NAME = "ledger"
LABELS = {"app.kubernetes.io/name": NAME}
NOISE = 350
"""More warnings of others than one window holds."""


def deployment(namespace: str, image: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": namespace, "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": [{"name": "app", "image": f"registry.example.com/ledger:{image}"}]},
            },
        },
    }


def warning(namespace: str, number: int) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    about = {"kind": "Pod", "apiVersion": "v1", "namespace": namespace, "name": f"batch-{number}", "uid": f"u{number}"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"batch-{number}.1", "namespace": namespace},
        "involvedObject": about,
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting failed container app",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 3,
    }


def apply(cluster: Cluster, *manifests: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(listed))


async def test_a_bad_rollout_between_resolution_and_reopening_is_named_in_a_busy_namespace(
    release: ReceiverRelease, cluster: Cluster
) -> None:
    async with PagerDutySimulator() as pd:
        bot, service = pd.add_user("Bot", "bot@example.com"), pd.add_service(NAME)
        receiver = await release.start()
        _, secret = pd.subscribe(str(receiver.public.base_url.join("/webhooks/pagerduty/token")))
        mappings = [ServiceMapping(NAME, service, LABELS, [release.namespace])]
        release.apply(release_record(pd, release.namespace, secret, mappings, bot=bot, age_s=7200.0))
        await receiver.answers("token", 503)  # our own key does not sign for this integration
        apply(cluster, deployment(release.namespace, "1"))
        incident = pd.trigger(service, "Errors", at=datetime.now(UTC) - timedelta(hours=1))

        async def note() -> str:
            return "".join(each.content for each in pd.notes(incident.id))

        await until("the first note", note, bool, timeout_s=60)
        pd.resolve(incident.id, by=bot)
        await until("the end is told", note, lambda text: text.startswith("Resolved after"), timeout_s=60)
        apply(cluster, deployment(release.namespace, "2"))
        apply(cluster, *(warning(release.namespace, number) for number in range(NOISE)))
        pd.reopen(incident.id, by=bot)
        text = await until(
            "the rollout is named", note, lambda text: "ledger was rolled out to 2" in text, timeout_s=90
        )
    assert "Reopened at" in text
    assert "after the alert began" not in text
    assert "the oldest" not in text
