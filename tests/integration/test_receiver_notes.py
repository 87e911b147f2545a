"""The notes without a cause, and the metrics of one incident, from the receiver's real process."""

import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from noctuary.models.routing_record import ServiceMapping
from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.routing_records import release_record
from testbed.stage.receiver_process import Process, ReceiverRelease
from testbed.told import without_percent

RUNS, UNKNOWN = "search-api", "payments-api"
LABEL = "app.kubernetes.io/name"


def apply(cluster: Cluster, namespace: str, kind: str, name: str, spec: dict[str, Any]) -> None:
    api = "v1" if kind == "Pod" else "apps/v1"
    manifest = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {LABEL: name}},
        "spec": spec,
    }
    cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(manifest))


CONTAINERS = {"containers": [{"name": "app", "image": "registry.example.com/app:1"}]}
OTHER = {
    "selector": {"matchLabels": {LABEL: "other"}},
    "template": {"metadata": {"labels": {LABEL: "other"}}, "spec": CONTAINERS},
}


async def samples(receiver: Process) -> dict[tuple[str, str], float]:
    """Read the metrics by name and last label."""
    text = (await receiver.internal.get("/metrics")).text
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_nothing_changed_and_never_seen_are_told_apart_and_measured(
    release: ReceiverRelease, cluster: Cluster
) -> None:
    async with PagerDutySimulator() as pd:
        services = {name: pd.add_service(name) for name in (RUNS, UNKNOWN)}
        receiver = await release.start()
        _, secret = pd.subscribe(str(receiver.public.base_url.join("/webhooks/pagerduty/token")))
        mappings = [ServiceMapping(name, each, {LABEL: name}, [release.namespace]) for name, each in services.items()]
        release.apply(release_record(pd, release.namespace, secret, mappings, age_s=60.0))
        await receiver.answers("token", 503)  # our own key does not sign for this integration
        await until(
            "the receiver has it so", lambda: samples(receiver), lambda found: found["noctuary_watching", ""] == 1
        )
        apply(cluster, release.namespace, "Pod", RUNS, CONTAINERS)
        apply(cluster, release.namespace, "Deployment", "other", OTHER)
        await until(
            "the receiver has it so",
            lambda: samples(receiver),
            lambda found: found["noctuary_watch_lag_seconds_count", ""] > 0,
        )
        incidents = {name: pd.trigger(service, "Errors") for name, service in services.items()}
        await pd.drained(timeout_s=60, hurry=True)

        async def notes() -> dict[str, str]:
            return {name: "".join(n.content for n in pd.notes(each.id)) for name, each in incidents.items()}

        texts = await until("the receiver has it so", notes, lambda found: all(found.values()))
        found = await until(
            "the receiver has it so",
            lambda: samples(receiver),
            lambda found: found["noctuary_note_seconds_count", ""] == 2,
        )
    assert without_percent(texts[RUNS]).startswith(
        "No recent change explains this: the pod of search-api is not ready; nothing else was seen since"
    )
    assert "Looked at: 0 events of search-api" in texts[RUNS]
    assert "1 pod live (0 ready)" in texts[RUNS]
    assert texts[UNKNOWN].startswith("No context yet: nothing was ever seen of payments-api.")
    assert found["noctuary_pagerduty_calls_total", "create_note,ok"] == 2
    assert found["noctuary_webhooks_total", "accepted"] == 2
    assert found["noctuary_notes_total", "created"] == 2
    assert found["noctuary_ack_seconds_count", "webhook"] >= 2
    assert found["noctuary_watch_age_seconds", "pods"] < 60
    assert {labels for name, labels in found if name == "noctuary_queue_depth"} == {"inbox", "notes", "store_writes"}
