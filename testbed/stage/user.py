"""What a user of the release does: write one resource, make the subscription in PagerDuty, roll out a workload."""

from typing import Any

from testbed import manifests
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube, condition
from testbed.stage.release import HOST, StagedRelease

API_SECRET = "pagerduty-api"  # noqa: S105 - the Secret's name
FROM = "oncall-bot@example.com"
APPS = "/apis/apps/v1"


def signing_secret_name(name: str) -> str:
    """Return the name of the Secret that holds the signing secret of one integration."""
    return f"{name}-signing"


def integration(
    namespace: str, name: str, *, api_url: str, service: str, service_id: str, route: str = "None"
) -> dict[str, Any]:
    """Build the manifest of one Manual integration of one service."""
    signing = {"name": signing_secret_name(name), "key": "secret"}
    scope = {"type": "service", "id": service_id}
    spec = {
        "direction": "bidirectional",
        "apiURL": api_url,
        "apiTokenSecretRef": {"name": API_SECRET, "key": "token"},
        "from": FROM,
        "webhook": manifests.webhook({"type": route}, host=HOST, scope=scope, signing_secret_ref=signing),
        "services": manifests.services([(service, service_id)]),
    }
    return manifests.integration(name, namespace, spec)


def deployment(namespace: str, name: str, image: str, replicas: int = 2, version: str = "") -> dict[str, Any]:
    """Build the manifest of a workload; another version is another rollout, of the same image too."""
    labels = {"app.kubernetes.io/name": name}
    container: dict[str, Any] = {"name": "app", "image": image, "resources": {"limits": {"memory": "128Mi"}}}
    if version:
        container["env"] = [{"name": "VERSION", "value": version}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


class User:
    """Somebody with kubectl and a browser window on PagerDuty."""

    def __init__(self, kube: Kube, pagerduty: PagerDutySimulator, release: StagedRelease) -> None:
        self._kube = kube
        self._pagerduty = pagerduty
        self._release = release
        pagerduty.add_user("On-call bot", FROM)
        self._api_token = pagerduty.add_token()

    async def declare(self, namespace: str, name: str, service: str, service_id: str) -> None:
        """Write the API token and the one manifest."""
        await self._kube.put_secret(namespace, API_SECRET, {"token": self._api_token})
        manifest = integration(namespace, name, api_url=self._pagerduty.url, service=service, service_id=service_id)
        await self._kube.apply(GROUP, namespace, PLURAL, manifest)

    async def subscribe(self, namespace: str, name: str, service_id: str) -> str:
        """Copy the URL into a new subscription, store its signing secret and return the subscription's id."""

        async def url() -> str | None:
            return ((await self._kube.read_secret(namespace, f"{name}-webhook")) or {}).get("url")

        address = self._release.local_url(await until("the operator wrote the webhook Secret", url))
        subscription_id, signing_secret = self._pagerduty.subscribe(address, scope=service_id)
        await self._kube.put_secret(namespace, signing_secret_name(name), {"secret": signing_secret})
        return subscription_id

    async def wait_ready(self, namespace: str, name: str) -> str:
        """Wait for Ready=True as `kubectl wait` does; return its reason."""

        async def reason() -> str | None:
            ready = condition(await self._kube.integration(namespace, name), "Ready")
            return ready.get("reason") if ready.get("status") == "True" else None

        return await until(f"PagerDutyIntegration {namespace}/{name} is Ready", reason)

    async def roll_out(self, namespace: str, name: str, image: str, replicas: int = 2, version: str = "") -> None:
        """Apply a Deployment with an image."""
        manifest = deployment(namespace, name, image, replicas, version)
        await self._kube.apply(APPS, namespace, "deployments", manifest)

    async def wait_available(self, namespace: str, name: str, replicas: int = 2) -> None:
        """Wait until all replicas of a Deployment are available and of its newest revision."""

        async def available() -> bool:
            found = await self._kube.get(APPS, namespace, "deployments", name) or {}
            status = found.get("status", {})
            return bool(status.get("updatedReplicas") == status.get("availableReplicas") == replicas)

        await until(f"Deployment {namespace}/{name} is available", available)
