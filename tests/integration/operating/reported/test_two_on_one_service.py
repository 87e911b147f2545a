"""Two integrations of one PagerDuty service: the one that does not write the notes says which one does."""

from pathlib import Path

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import Kube, condition
from testbed.stage.stage import start_stage


async def says(kube: Kube, namespace: str, name: str, type_: str, reason: str) -> str:
    async def found() -> dict[str, str]:
        return condition(await kube.integration(namespace, name), type_)

    return (await until(f"{name} {reason}", found, lambda each: each.get("reason") == reason))["message"]


async def test_the_younger_of_two_names_the_older_as_the_writer_before_it_met_an_incident(
    cluster: Cluster, tmp_path: Path, namespace: str
) -> None:
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        service_id = await stage.declare(namespace, "older")
        pagerduty.trigger(service_id, "Errors")
        await says(stage.kube, namespace, "older", "SubscriptionReady", "Active")
        await stage.user.declare(namespace, "younger", "older", service_id)
        said = await says(stage.kube, namespace, "younger", "OutboundReady", "NotesByAnother")
        assert f"notes are written by {namespace}/older:" in said
        await says(stage.kube, namespace, "older", "OutboundReady", "ApiTokenLoaded")
