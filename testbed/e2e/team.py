"""A team: its namespace, its PagerDuty service and the one manifest it writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from testbed import manifests
from testbed.e2e.ingress_client import open_ingress_client
from testbed.e2e.kubectl import CommandFailedError, Kubectl, Manifest
from testbed.e2e.pagerduty import PagerDuty
from testbed.e2e.release import ChartRelease
from testbed.polling import eventually

API_SECRET = "pagerduty-api"  # noqa: S105 - the Secret's name
SIGNING_SECRET = "pagerduty-signing"  # noqa: S105 - the Secret's name
KIND = "pagerdutyintegration"
UNSIGNED = 400


@dataclass(frozen=True)
class Team:
    """Somebody who uses the release from a namespace of their own."""

    kubectl: Kubectl
    release: ChartRelease
    pagerduty: PagerDuty
    namespace: str
    name: str = "oncall"

    def declare(self, services: Iterable[str], route: Manifest | None = None) -> None:
        """Make the PagerDuty services, store the API token and apply the one manifest."""
        ids = {name: str(self.pagerduty.control.post("services", name=name)["id"]) for name in services}
        self.put_secret(API_SECRET, token=self.pagerduty.token)
        self.kubectl.apply(self.manifest(ids, route))

    def manifest(self, services: dict[str, str], route: Manifest | None = None) -> Manifest:
        """Return the integration of some services: names of workloads with their PagerDuty ids."""
        ingress = {"type": "Ingress", "ingressClassName": "traefik", "tls": {"secretName": self.release.certificate}}
        signing = {"name": SIGNING_SECRET, "key": "secret"}
        spec = {
            "apiURL": self.pagerduty.api_url,
            "apiTokenSecretRef": {"name": API_SECRET, "key": "token"},
            "from": self.pagerduty.sender,
            "webhook": manifests.webhook(route or ingress, host=self.release.host, signing_secret_ref=signing),
            "services": manifests.services(services.items()),
        }
        return manifests.integration(self.name, self.namespace, spec)

    def subscribe(self, *events: str) -> str:
        """Copy the URL into a new subscription, store its signing secret and return the subscription's id."""
        made = self.pagerduty.control.post("subscriptions", url=self.url(), events=list(events) or None)
        self.put_secret(SIGNING_SECRET, secret=made["secret"])
        return str(made["id"])

    def url(self) -> str:
        """Wait for the webhook's URL in the user's Secret."""
        return eventually("the webhook Secret", self.webhook_secret, lambda found: "url" in found)["url"]

    def webhook_secret(self) -> dict[str, str]:
        """Return the values of the webhook Secret."""
        return self.kubectl.secret(f"{self.name}-webhook", self.namespace)

    def wait_ready(self) -> Manifest:
        """Wait for Ready as a pipeline does, then for the ingress controller; return the resource."""
        where = f"--namespace={self.namespace}"
        try:
            self.kubectl("wait", "--for=condition=Ready", f"{KIND}/{self.name}", where, "--timeout=120s")
        except CommandFailedError as error:
            raise AssertionError(f"{self.name} is not Ready: {self.conditions()}") from error
        self._wait_until_routed()
        return self.resource()

    def _wait_until_routed(self) -> None:
        """A controller may report a route's address moments before it serves it: 404, on which webhooks are dropped."""
        path = urlsplit(self.url()).path
        with open_ingress_client(self.kubectl.facts) as ingress:
            eventually(
                "the receiver's own answer to what nobody signed",
                lambda: ingress.request("POST", path, content=b"{}").status_code,
                lambda status: status == UNSIGNED,
            )

    def resource(self) -> Manifest:
        """Return the integration as it is."""
        return self.kubectl.get(KIND, self.name, self.namespace)

    def id(self) -> str:
        """Return the id of the integration."""
        return str(self.resource()["status"]["integrationID"])

    def conditions(self) -> dict[str, Any]:
        """Return the conditions by type."""
        return {each["type"]: each for each in self.resource().get("status", {}).get("conditions", [])}

    def set_up(self, services: Iterable[str], *events: str) -> str:
        """Declare, subscribe and wait until all is ready; return the subscription's id."""
        self.declare(services)
        subscription = self.subscribe(*events)
        self.wait_ready()
        return subscription

    def put_secret(self, name: str, **values: str) -> None:
        """Store a Secret in the team's namespace."""
        metadata = {"name": name, "namespace": self.namespace}
        self.kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})
