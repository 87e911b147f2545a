"""The operator as a process of its own, under its own account, and a team that writes manifests."""

import base64
import contextlib
import copy
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from noctuary.models.routing_record import RoutingRecord, decode_record, record_secret_name
from noctuary.serving.shared import MAX_SCRAPE_AGE_S
from testbed import manifests
from testbed.localkube import Cluster, grant, revoke
from testbed.localkube.errors import LocalKubeError
from testbed.polling import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
HOST = manifests.HOST
DEADLINE_S = 60.0
"""Far above what any outcome takes here: a slow machine must not fail a test."""

SPEC: dict[str, Any] = {
    "apiTokenSecretRef": manifests.API_TOKEN_REF,
    "webhook": manifests.webhook({"type": "None"}, host=HOST),
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge as a JSON merge patch does."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key) or {}, value)
        else:
            result[key] = value
    return result


class OperatorProcess:
    """`python -m noctuary_operator` in a release namespace, with the shipped Roles; `tree` is where its sources are."""

    def __init__(
        self, cluster: Cluster, namespace: str, directory: Path, watched: Sequence[str] = (), **settings: str
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.cluster, self.namespace = cluster, namespace
        self.log = directory / f"operator-{namespace}.log"
        self.settings = {
            "NOCTUARY_RELEASE_NAMESPACE": namespace,
            "NOCTUARY_KUBECONFIG": str(grant(cluster, namespace, watched=watched, token_file=True).operator),
            "NOCTUARY_WATCH_NAMESPACES": ",".join(watched),
            "NOCTUARY_ALLOWED_WEBHOOK_HOSTS": f"{HOST},*.allowed.example.com",
            "NOCTUARY_ALLOWED_ROUTE_ANNOTATIONS": "example.com/*",
            "NOCTUARY_HEALTH_HOST": "127.0.0.1",
            "NOCTUARY_HEALTH_PORT": str(self.port),
            "NOCTUARY_LEASE_DURATION_S": "2",
            "NOCTUARY_LEASE_RENEW_S": "0.5",
            "NOCTUARY_LOG_LEVEL": "debug",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.tree = REPOSITORY
        self._scraped_at = -MAX_SCRAPE_AGE_S

    def start(self) -> None:
        """Start and wait until it holds the Lease and has made its internal token."""
        sources = {"PYTHONPATH": f"{self.tree}:{self.tree / 'operator'}", "PYTHONSAFEPATH": "1"}
        environment = {**os.environ, **self.settings, **sources}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "noctuary_operator"], env=environment, stderr=log, stdout=log
            )
        reached = b"Caches filled"
        before = self.log.read_bytes().count(reached)
        eventually("the operator fills its caches", lambda: self.log.read_bytes().count(reached) > before)

    def stop(self) -> int:
        """End it as Kubernetes does; return the exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(15)
        finally:
            self.kill()

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it as the kernel does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def fetch(self, path: str) -> str:
        """Get a page of its health port; metrics as they are now, of which it shows for a moment what it showed."""
        if path == "/metrics":
            time.sleep(max(0.0, self._scraped_at + MAX_SCRAPE_AGE_S - time.monotonic()))
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
            page = str(response.read().decode())
        if path == "/metrics":
            self._scraped_at = time.monotonic()  # when it was asked, a busy machine had not rendered it yet
        return page

    def writes(self) -> dict[str, int]:
        """Return how often it wrote, by kind."""
        lines = [line for line in self.fetch("/metrics").splitlines() if "api_writes_total{" in line]
        return {line.split('"')[1]: int(float(line.rsplit(" ", 1)[1])) for line in lines}

    def reconciles(self) -> int:
        """Return how many reconciles ended, whatever their result."""
        lines = [line for line in self.fetch("/metrics").splitlines() if "reconciles_total{" in line]
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


class Team:
    """A namespace whose people write integrations."""

    def __init__(self, cluster: Cluster, release: str, namespace: str) -> None:
        self.cluster, self.release, self.namespace = cluster, release, namespace

    def kubectl(self, *args: str, input: str | None = None) -> str:  # noqa: A002 - as subprocess.run names it
        """Run kubectl in the team's namespace."""
        return self.cluster.kubectl("-n", self.namespace, *args, input=input)

    def store(self, name: str, **values: str) -> None:
        """Create or replace a Secret."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
        if self.get("secret", name) is not None:
            self.kubectl("replace", "-f", "-", input=json.dumps(manifest))
        else:
            self.kubectl("create", "-f", "-", input=json.dumps(manifest))

    def apply(self, name: str, **changes: Any) -> None:
        """Apply an integration: the plain one with changes."""
        manifest = manifests.integration(name, self.namespace, merged(SPEC, changes))
        self.kubectl("apply", "-f", "-", input=json.dumps(manifest))

    def get(self, kind: str, name: str = "", namespace: str | None = None) -> dict[str, Any] | None:
        """Return an object, None when there is none; without a name the list of all."""
        which = [kind, name] if name else [kind]
        try:
            text = self.cluster.kubectl("-n", namespace or self.namespace, "get", *which, "-o", "json")
        except LocalKubeError as error:
            if "NotFound" not in str(error):
                raise
            return None
        found: dict[str, Any] = json.loads(text)
        return found

    def existing(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return an object that exists."""
        found = self.get(kind, name, namespace)
        if found is None:
            raise AssertionError(f"{kind} {name} does not exist")
        return found

    def id(self, name: str) -> str:
        """Return the id of an integration, empty while it has none."""
        return str(self.existing("pdi", name).get("status", {}).get("integrationID", ""))

    def uid(self, name: str) -> str:
        """Return the uid of the resource."""
        return str(self.existing("pdi", name)["metadata"]["uid"])

    def status(self, name: str) -> dict[str, Any]:
        """Return the status of an integration, empty while there is none."""
        found = self.get("pdi", name) or {}
        if found.get("status", {}).get("observedGeneration") != found.get("metadata", {}).get("generation"):
            return {}
        return dict(found.get("status", {}))

    def condition(self, name: str, type_: str = "Ready") -> dict[str, Any]:
        """Return one condition, empty while there is none."""
        found = [each for each in self.status(name).get("conditions", []) if each["type"] == type_]
        return dict(found[0]) if found else {}

    def settled(self, name: str, reason: str, type_: str = "Ready", deadline_s: float = DEADLINE_S) -> dict[str, Any]:
        """Wait until a condition has a reason; return the condition."""
        return eventually(
            f"{name} {type_} {reason}",
            lambda: (c := self.condition(name, type_)) if self.condition(name, type_).get("reason") == reason else None,
            timeout_s=deadline_s,
        )

    def secret(self, name: str) -> dict[str, str]:
        """Return what the webhook Secret of an integration holds, empty when there is none."""
        found = self.get("secret", f"{name}-webhook") or {}
        return {key: base64.b64decode(value).decode() for key, value in found.get("data", {}).items()}

    def record(self, integration_id: str) -> RoutingRecord | None:
        """Return the routing record of an integration."""
        found = self.get("secret", record_secret_name(integration_id), self.release)
        return decode_record(found["data"]) if found is not None else None

    def existing_record(self, integration_id: str) -> RoutingRecord:
        """Return the routing record of an integration that has one."""
        found = self.record(integration_id)
        if found is None:
            raise AssertionError(f"integration {integration_id} has no routing record")
        return found

    def existing_ingress(self, integration_id: str) -> dict[str, Any]:
        """Return the Ingress of an integration that has one."""
        found = self.ingress(integration_id)
        if found is None:
            raise AssertionError(f"integration {integration_id} has no Ingress")
        return found

    def ingress(self, integration_id: str) -> dict[str, Any] | None:
        """Return the Ingress of an integration."""
        return self.route("ingresses", integration_id)

    def route(self, plural: str, integration_id: str) -> dict[str, Any] | None:
        """Return the route of an integration, found by its name: somebody may have taken the labels away."""
        found: list[dict[str, Any]] = (self.get(plural, namespace=self.release) or {}).get("items", [])
        return next((item for item in found if item["metadata"]["name"].endswith(f"-{integration_id}")), None)

    def events(self, name: str) -> list[str]:
        """Return the reasons of the Events about an integration."""
        return sorted(item["reason"] for item in self._events(name))

    def event_types(self, name: str) -> set[str]:
        """Return the types of the Events about an integration."""
        return {item["type"] for item in self._events(name)}

    def _events(self, name: str) -> list[dict[str, Any]]:
        items = json.loads(self.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
        return [item for item in items if item["regarding"]["name"] == name]


@contextlib.contextmanager
def temporary_namespace(cluster: Cluster, prefix: str) -> Iterator[str]:
    """A namespace that goes away again."""
    name = f"{prefix}-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")


@contextlib.contextmanager
def running(
    cluster: Cluster, directory: Path, watched: Sequence[str] = (), **settings: str
) -> Iterator[OperatorProcess]:
    """A release of its own with a running operator; with `watched` it has no cluster-wide right."""
    with temporary_namespace(cluster, "release") as namespace:
        process = OperatorProcess(cluster, namespace, directory, watched, **settings)
        try:
            process.start()
            yield process
        finally:
            process.kill()
            revoke(cluster, namespace)


class StartOperator(Protocol):
    """Starts an operator with settings of the test's own, for all namespaces or for those it is given."""

    def __call__(self, watched: Sequence[str] = (), **settings: str) -> OperatorProcess:
        """Return it when it works."""


class TeamOf(Protocol):
    """Makes a team with an API token and a signing secret, served by an operator."""

    def __call__(self, process: OperatorProcess, namespace: str | None = None) -> Team:
        """Return it."""
