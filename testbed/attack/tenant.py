"""A team with a namespace, an account of its own there, and exactly the rights that a team has."""

import base64
import copy
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import msgspec

from noctuary.common.errors import KubernetesError
from testbed import manifests
from testbed.attack.accounts import AttackedAccount
from testbed.localkube import Cluster
from testbed.localkube.kubeconfig import write_kubeconfig
from testbed.pagerduty.webhooks.signing import sign
from testbed.polling import until
from testbed.stage.kube import GROUP, PLURAL, Kube, condition
from testbed.stage.release import HOST
from testbed.stage.user import API_SECRET, signing_secret_name

RBAC = "/apis/rbac.authorization.k8s.io/v1"
PERSON = "dev"
"""The ServiceAccount that a team's people act as."""
PING_EVERY_S = 0.5
_WRITES = ["get", "list", "watch", "create", "update", "patch", "delete"]
RULES = [
    {"apiGroups": ["noctuary.io"], "resources": ["pagerdutyintegrations"], "verbs": _WRITES},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": _WRITES},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["get", "list", "watch"]},
]
"""What a tenant may do in its own namespace, and nowhere else."""


@dataclass(frozen=True)
class Keys:
    """What the owner of an integration knows of it."""

    uid: str
    id: str
    path: str
    token: str
    ingest_key: str
    signing_secret: str


@dataclass
class Tenant:
    """One team: its client (its own rights), its PagerDuty account, and the integrations that it made."""

    namespace: str
    kube: Kube
    account: AttackedAccount
    email: str
    api_token: str
    public_port: int = 0
    keys: dict[str, Keys] = field(default_factory=dict)

    @classmethod
    async def make(
        cls, cluster: Cluster, directory: Path, admin: Kube, namespace: str, account: AttackedAccount
    ) -> Self:
        """Make the namespace, the Role and the login; nothing is declared yet."""
        await admin.make_namespace(namespace)
        await _grant_own_namespace(admin, namespace)
        kubeconfig = await _login(cluster, directory, admin, namespace)
        email = f"{namespace}@example.com"
        account.add_user(f"Bot of {namespace}", email)
        return cls(namespace, await Kube.connect(kubeconfig), account, email, account.add_token())

    async def add_token(self, secret: str) -> dict[str, str]:
        """Make one more API token of the account, keep it in a Secret, and return the reference to it."""
        await self.kube.put_secret(self.namespace, secret, {"token": self.account.add_token()})
        return {"name": secret, "key": "token"}

    def manifest(self, name: str, api_url: str, service: str, service_id: str, **changes: Any) -> dict[str, Any]:
        """Build an ordinary Manual integration; `changes` replace whole fields of its spec, None removes one."""
        signing = {"name": signing_secret_name(name), "key": "secret"}
        scope = {"type": "service", "id": service_id}
        spec: dict[str, Any] = {
            "direction": "bidirectional",
            "apiURL": api_url,
            "apiTokenSecretRef": {"name": API_SECRET, "key": "token"},
            "from": self.email,
            "webhook": manifests.webhook({"type": "Ingress"}, host=HOST, scope=scope, signing_secret_ref=signing),
            "services": [{"name": service, "pagerDutyServiceID": service_id}],
        }
        spec = {key: value for key, value in (spec | changes).items() if value is not None}
        return manifests.integration(name, self.namespace, spec)

    async def declare(self, manifest: dict[str, Any], *, api_token: str | None = None) -> Keys:
        """Write the token and the resource, choose a signing secret, and wait for the URL."""
        name = manifest["metadata"]["name"]
        if api_token != "":
            await self.kube.put_secret(self.namespace, API_SECRET, {"token": api_token or self.api_token})
        await self.apply(manifest)

        async def written() -> dict[str, str] | None:
            found = await self.kube.read_secret(self.namespace, f"{name}-webhook") or {}
            return found if found.get("url") and found.get("ingestKey") else None

        found = await until(f"the webhook Secret of {self.namespace}/{name}", written)
        resource = await self.kube.integration(self.namespace, name) or {}
        path = "/webhooks" + found["url"].partition("/webhooks")[2]
        known = self.keys.get(name)
        secret = known.signing_secret if known is not None else f"signing-of-{self.namespace}-{name}"
        keys = Keys(
            resource["metadata"]["uid"], found["integrationID"], path, found["token"], found["ingestKey"], secret
        )
        self.keys[name] = keys
        return keys

    async def subscribe(self, name: str, scope: str) -> str:
        """Make the subscription in PagerDuty, keep its signing secret, and return the subscription's id."""
        keys = self.keys[name]
        address = f"http://127.0.0.1:{self.public_port}{keys.path}"
        made, secret = self.account.subscribe(address, scope)
        await self.sign_with(name, secret)
        return made

    async def sign_with(self, name: str, secret: str) -> None:
        """Store a signing secret, which a tenant may choose as it likes."""
        await self.kube.put_secret(self.namespace, signing_secret_name(name), {"secret": secret})
        self.keys[name] = replace(self.keys[name], signing_secret=secret)

    async def wait_ready(self, name: str, subscription_id: str) -> None:
        """Send pings, which prove route and signature, until Ready=True."""

        async def ready() -> bool:
            self.account.ping(subscription_id)
            return condition(await self.kube.integration(self.namespace, name), "Ready").get("status") == "True"

        await until(f"{self.namespace}/{name} is Ready", ready, poll_s=PING_EVERY_S)

    async def apply(self, manifest: dict[str, Any]) -> None:
        """Apply an integration with the tenant's own rights."""
        await self.kube.apply(GROUP, self.namespace, PLURAL, copy.deepcopy(manifest))

    async def remove(self, name: str) -> None:
        """Delete an integration."""
        await self.kube.delete(GROUP, self.namespace, PLURAL, name)

    def signed(self, name: str, body: bytes, webhook_id: str) -> dict[str, str]:
        """Return the headers of a webhook as the owner of an integration can always make them."""
        signature = sign(body, self.keys[name].signing_secret)
        return {"content-type": "application/json", "x-pagerduty-signature": signature, "x-webhook-id": webhook_id}

    async def may(self, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
        """Try a request of the Kubernetes API; False when this tenant's rights do not allow it."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            raw = json.dumps(body).encode() if body is not None else None
            await self.kube.client.request(method, path, body=raw, content_type=kind)
        except KubernetesError as error:
            if error.status == 403:
                return False
            raise
        return True


async def _grant_own_namespace(admin: Kube, namespace: str) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": PERSON, "namespace": namespace}}
    await admin.apply("/api/v1", namespace, "serviceaccounts", account)
    metadata = {"name": "team", "namespace": namespace}
    version = "rbac.authorization.k8s.io/v1"
    role = {"apiVersion": version, "kind": "Role", "metadata": metadata, "rules": RULES}
    await admin.apply(RBAC, namespace, "roles", role)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "team"}
    subjects = [{"kind": "ServiceAccount", "name": PERSON, "namespace": namespace}]
    binding = {"apiVersion": version, "kind": "RoleBinding", "metadata": metadata} | {
        "roleRef": reference,
        "subjects": subjects,
    }
    await admin.apply(RBAC, namespace, "rolebindings", binding)


async def _login(cluster: Cluster, directory: Path, admin: Kube, namespace: str) -> Path:
    """Ask the API server for a token of the team's account and write a kubeconfig with it."""
    wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{PERSON}/token"
    answer = msgspec.json.decode(await admin.client.create(path, wanted))
    token = str(answer["status"]["token"])
    return write_kubeconfig(
        directory / f"{namespace}.kubeconfig",
        server=cluster.server,
        ca_file=cluster.ca_file,
        user={"token": token},
        namespace=namespace,
    )


def encoded(values: dict[str, str]) -> dict[str, str]:
    """Return a Secret's values as its `data` holds them."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
