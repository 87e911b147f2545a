"""The team behind one scenario: its namespace, its integration, its subscription, its incident."""

import json
from collections.abc import Callable

import httpx

from testbed import manifests
from testbed.live.cluster import LiveCluster
from testbed.live.place import Place
from testbed.live.release import TreeRelease
from testbed.live.scenario import Manifest, Scenario, names_in
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.kube import Kube
from testbed.stage.user import API_SECRET, FROM, User, signing_secret_name

LOOKBACK = "5m"
NAME = "oncall"
_POST_TIMEOUT_S = 10.0


class Team:
    """One scenario's people: they declare an integration, and are paged."""

    def __init__(self, scenario: Scenario, number: int, cluster: LiveCluster, release: TreeRelease) -> None:
        self.scenario = scenario
        self._release = release
        self._key: Callable[[], str] = lambda: ""
        names = names_in(f"web-{number:03}")
        self.place = Place(cluster, names["namespace"], names["app"], names["callee"], self._post)
        self.incident = ""
        self.first_note = ""

    async def declare(self, kube: Kube, pagerduty: PagerDutySimulator, user: User, token: str) -> str:
        """Make the namespace, the integration and its subscription; return the PagerDuty service's id."""
        namespace = self.place.namespace
        await kube.make_namespace(namespace)
        await kube.put_secret(namespace, API_SECRET, {"token": token})
        own = pagerduty.add_service(self.place.app)
        ids = {self.place.app: own}
        if self.scenario.callee:
            ids[self.place.callee] = pagerduty.add_service(self.place.callee)
        manifest = self._integration(ids, pagerduty.url)
        await kube.apply("/apis/noctuary.io/v1alpha1", namespace, "pagerdutyintegrations", manifest)
        await user.subscribe(namespace, NAME, own)
        await user.wait_ready(namespace, NAME)
        secret = await until("the ingest key", lambda: kube.read_secret(namespace, f"{NAME}-webhook"))
        self._key = lambda: secret["ingestKey"]
        return own

    def _integration(self, ids: dict[str, str], api_url: str) -> Manifest:
        place = self.place
        signing = {"name": signing_secret_name(NAME), "key": "secret"}
        scope = {"type": "service", "id": ids[place.app]}
        services = manifests.services(ids.items())
        if self.scenario.callee:
            services[0]["dependsOn"] = [place.callee]
        spec = {
            "apiURL": api_url,
            "apiTokenSecretRef": {"name": API_SECRET, "key": "token"},
            "from": FROM,
            "webhook": manifests.webhook({"type": "None"}, scope=scope, signing_secret_ref=signing),
            "services": services,
            "enrichment": {"lookback": LOOKBACK},
        }
        return manifests.integration(NAME, place.namespace, spec)

    def _post(self, event: Manifest) -> None:
        """Post an event to the receiver with the team's key."""
        url = f"http://127.0.0.1:{self._release.public_port}/v1/events"
        headers = {"Authorization": f"Bearer {self._key()}", "Content-Type": "application/json"}
        answer = httpx.post(url, content=json.dumps(event), headers=headers, timeout=_POST_TIMEOUT_S, trust_env=False)
        answer.raise_for_status()
