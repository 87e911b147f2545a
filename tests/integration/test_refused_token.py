"""An API token that PagerDuty refuses: found without an incident, said in words, over as soon as it is replaced."""

import secrets
from pathlib import Path

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import condition
from testbed.stage.stage import Stage, start_stage
from testbed.stage.user import API_SECRET

NAME = "payments"


async def outbound(stage: Stage, namespace: str, reason: str) -> dict[str, str]:
    """Wait until OutboundReady has a reason; return the condition."""

    async def has_reason() -> dict[str, str] | None:
        found = condition(await stage.kube.integration(namespace, NAME), "OutboundReady")
        return found if found.get("reason") == reason else None

    return await until(f"OutboundReady {reason}", has_reason)


async def test_a_refused_api_token_is_a_condition_and_heals_when_the_secret_changes(
    cluster: Cluster, tmp_path: Path
) -> None:
    namespace = f"team-{secrets.token_hex(3)}"
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        await stage.declare(namespace, NAME)
        await outbound(stage, namespace, "ApiTokenLoaded")
        good = await stage.kube.read_secret(namespace, API_SECRET) or {}
        await stage.kube.put_secret(namespace, API_SECRET, {"token": "u+revoked"})
        said = await outbound(stage, namespace, "ApiTokenRefused")
        assert said["status"] == "False"
        assert "spec.apiTokenSecretRef" in said["message"]
        assert "u+revoked" not in str(await stage.kube.integration(namespace, NAME))
        await stage.kube.put_secret(namespace, API_SECRET, good)
        assert (await outbound(stage, namespace, "ApiTokenLoaded"))["status"] == "True"
        await stage.user.wait_ready(namespace, NAME)
