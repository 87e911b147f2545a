"""The shipped admission policy on a real API server: the operator writes Secrets of ours only, whatever RBAC allows."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.localkube import Cluster, LocalKubeError, grant, revoke
from testbed.operating.team import SPEC, temporary_namespace
from testbed.polling import eventually

Secret = dict[str, Any]
UID = "0f8c2d1e-1111-4222-8333-0123456789ab"
RECORD = f"noctuary-{UID}"
ROLE = "noctuary.io/role"
TENANT, RELEASE = "tenant", "release"
SAID = "Noctuary's operator"
"""How each refusal of the policy begins."""
DRY = "--dry-run=server"


def owner(name: str, kind: str = "PagerDutyIntegration", group: str = "noctuary.io/v1alpha1") -> dict[str, Any]:
    return {"apiVersion": group, "kind": kind, "name": name, "uid": UID}


def secret(name: str, role: str | None = None, *owners: dict[str, Any], **more: Any) -> Secret:
    metadata = {"name": name, "labels": {ROLE: role} if role else {}, "ownerReferences": list(owners)}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, **more}


def webhook(name: str = "payments", **more: Any) -> Secret:
    return secret(f"{name}-webhook", "webhook-secret", owner(name), **more)


def account_token(manifest: Secret) -> Secret:
    """The Secret that Kubernetes would fill with a token of the namespace's default account."""
    annotations = {"kubernetes.io/service-account.name": "default"}
    metadata = {**manifest["metadata"], "annotations": annotations}
    return {**manifest, "type": "kubernetes.io/service-account-token", "metadata": metadata}


STANDING: dict[str, list[Secret]] = {
    TENANT: [
        webhook("whole"),
        secret("unlabelled-webhook", None, owner("unlabelled")),
        secret("disowned-webhook", "webhook-secret"),
        secret("pagerduty", stringData={"token": "theirs"}),
        secret("stranger-webhook", stringData={"url": "theirs"}),
        secret("other-webhook", None, owner("other", "ConfigMap", "v1")),
    ],
    RELEASE: [
        secret(RECORD, "routing-record"),
        secret("noctuary-internal"),
        secret("noctuary-tls"),
        secret("sh.helm.release.v1.noctuary.v1"),
        webhook("whole"),
    ],
}
"""What is there before, made by the administrator; the owners exist, else the garbage collector would take it away."""

ALLOWED: dict[str, tuple[str, str, Secret]] = {
    "make the webhook Secret of an integration": ("create", TENANT, webhook()),
    "make that of an integration in its own namespace": ("create", RELEASE, webhook()),
    "make that of an integration of a later version": (
        "create",
        TENANT,
        secret("payments-webhook", "webhook-secret", owner("payments", group="noctuary.io/v1")),
    ),
    "make that of an integration with dots in its name": ("create", TENANT, webhook("pay.ments")),
    "change it": ("apply", TENANT, webhook("whole", stringData={"url": "new"})),
    "give it its label back": ("apply", TENANT, webhook("unlabelled")),
    "give it its owner back": ("apply", TENANT, webhook("disowned")),
    "make a routing record": ("create", RELEASE, secret(f"noctuary-{UID[:-1]}c", "routing-record")),
    "change a routing record": ("apply", RELEASE, secret(RECORD, "routing-record", stringData={"record": "{}"})),
    "delete a routing record": ("delete", RELEASE, secret(RECORD)),
    "make its internal token anew": ("apply", RELEASE, secret("noctuary-internal", "internal-token")),
}

DENIED: dict[str, tuple[str, str, Secret]] = {
    "make a Secret of any name": ("create", TENANT, secret("any", "webhook-secret", owner("any"))),
    "make one without our label": ("create", TENANT, secret("payments-webhook", None, owner("payments"))),
    "make one with another role": ("create", TENANT, secret("payments-webhook", "routing-record", owner("payments"))),
    "make one without an owner": ("create", TENANT, secret("payments-webhook", "webhook-secret")),
    "make one that another integration owns": (
        "create",
        TENANT,
        secret("payments-webhook", "webhook-secret", owner("search")),
    ),
    "make one that another kind owns": (
        "create",
        TENANT,
        secret("payments-webhook", "webhook-secret", owner("payments", "Deployment", "apps/v1")),
    ),
    "make one that a kind of our name in another group owns": (
        "create",
        TENANT,
        secret("payments-webhook", "webhook-secret", owner("payments", group="noctuary.io.example.com/v1")),
    ),
    "make one under a name yet to be made up": (
        "create",
        TENANT,
        {**webhook(), "metadata": {**webhook()["metadata"], "name": None, "generateName": "payments-webhook"}},
    ),
    "make a ServiceAccount's token": ("create", TENANT, account_token(webhook())),
    "make a ServiceAccount's token in its own namespace": ("create", RELEASE, account_token(webhook())),
    "make a routing record elsewhere": ("create", TENANT, secret(RECORD, "routing-record")),
    "make an internal token elsewhere": ("create", TENANT, secret("noctuary-internal", "internal-token")),
    "make any Secret in its own namespace": ("create", RELEASE, secret("any", "routing-record")),
    "make a record under a name that is no uid": ("create", RELEASE, secret("noctuary-tls-2", "routing-record")),
    "make a record without our label": ("create", RELEASE, secret(f"noctuary-{UID[:-1]}c")),
    "change a team's Secret": ("apply", TENANT, secret("pagerduty", stringData={"token": "forged"})),
    "take a team's Secret over": ("apply", TENANT, secret("pagerduty", "webhook-secret", owner("pagerduty"))),
    "take over a Secret of the needed name": ("apply", TENANT, webhook("stranger")),
    "take over one that another object owns": ("apply", TENANT, webhook("other")),
    "take the label off ours": ("replace", TENANT, secret("whole-webhook", None, owner("whole"))),
    "take the owner off ours": ("replace", TENANT, secret("whole-webhook", "webhook-secret")),
    "give ours to another owner": ("replace", TENANT, secret("whole-webhook", "webhook-secret", owner("search"))),
    "change a certificate in its own namespace": ("apply", RELEASE, secret("noctuary-tls", "routing-record")),
    "change Helm's own Secret": ("apply", RELEASE, secret("sh.helm.release.v1.noctuary.v1", stringData={"a": "b"})),
    "delete the webhook Secret": ("delete", TENANT, secret("whole-webhook")),
    "delete one in its own namespace": ("delete", RELEASE, secret("whole-webhook")),
    "delete a team's Secret": ("delete", TENANT, secret("pagerduty")),
    "delete a certificate in its own namespace": ("delete", RELEASE, secret("noctuary-tls")),
    "delete its internal token": ("delete", RELEASE, secret("noctuary-internal")),
}


class World:
    """A release's and a tenant's namespace, in which RBAC lets the accounts do everything with Secrets."""

    def __init__(self, cluster: Cluster, release: str, tenant: str) -> None:
        self.cluster, self.spaces = cluster, {RELEASE: release, TENANT: tenant}
        self.operator = f"system:serviceaccount:{release}:noctuary-operator"
        self.others = [
            f"system:serviceaccount:{release}:noctuary-receiver",
            f"system:serviceaccount:{tenant}:noctuary-operator",
            f"system:serviceaccount:{release}:noctuary-operator-2",
        ]

    def allow_everything(self) -> None:
        """Grant all verbs on Secrets, so that nothing but the policy can refuse."""
        name = self.spaces[RELEASE]
        self.cluster.kubectl("create", "clusterrole", name, "--verb=*", "--resource=secrets")
        users = [f"--user={each}" for each in (self.operator, *self.others)]
        self.cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", *users)

    def fill(self) -> None:
        for place, manifests in STANDING.items():
            for each in manifests:
                owners = [self._make_owner(place, owner) for owner in each["metadata"]["ownerReferences"]]
                self._create(place, {**each, "metadata": {**each["metadata"], "ownerReferences": owners}})

    def _make_owner(self, place: str, owner: dict[str, Any]) -> dict[str, Any]:
        body = {"spec": SPEC} if owner["kind"] == "PagerDutyIntegration" else {}
        made = self._create(
            place,
            {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "metadata": {"name": owner["name"]}, **body},
        )
        return {**owner, "uid": made["metadata"]["uid"]}

    def _create(self, place: str, manifest: dict[str, Any]) -> dict[str, Any]:
        where = f"--namespace={self.spaces[place]}"
        made: dict[str, Any] = json.loads(
            self.cluster.kubectl("create", where, "-o", "json", "-f-", input=json.dumps(manifest))
        )
        return made

    def attempt(self, user: str, verb: str, place: str, manifest: Secret) -> str:
        """Try a write without its effect; return what it was refused with."""
        how = {"apply": ["apply", "--server-side", "--force-conflicts"], "delete": ["delete"]}.get(verb, [verb])
        where = f"--namespace={self.spaces[place]}"
        try:
            self.cluster.kubectl(*how, where, f"--as={user}", DRY, "-f-", input=json.dumps(manifest))
        except LocalKubeError as error:
            return str(error)
        return ""

    def end(self) -> None:
        self.cluster.kubectl("delete", "clusterrole,clusterrolebinding", self.spaces[RELEASE])


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[World]:
    with temporary_namespace(cluster, "release") as release, temporary_namespace(cluster, "tenant") as tenant:
        world = World(cluster, release, tenant)
        grant(cluster, release)
        world.allow_everything()
        try:
            world.fill()
            first = DENIED["make a Secret of any name"]
            eventually("the policy is in force", lambda: SAID in world.attempt(world.operator, *first))
            yield world
        finally:
            world.end()
            revoke(cluster, release)


@pytest.mark.parametrize("write", ALLOWED)
def test_the_operator_may(world: World, write: str) -> None:
    assert world.attempt(world.operator, *ALLOWED[write]) == ""


@pytest.mark.parametrize("write", DENIED)
def test_the_operator_may_not(world: World, write: str) -> None:
    said = world.attempt(world.operator, *DENIED[write])
    assert SAID in said
    assert "Forbidden" in said or "forbidden" in said


@pytest.mark.parametrize("write", DENIED)
def test_the_policy_refuses_nobody_else_to(world: World, write: str) -> None:
    assert [world.attempt(user, *DENIED[write]) for user in world.others] == [""] * len(world.others)


def test_a_collection_that_is_deleted_loses_nothing_of_others(world: World) -> None:
    def names() -> str:
        return world.cluster.kubectl("get", "secrets", f"--namespace={world.spaces[TENANT]}", "-o", "name")

    before = names()
    path = f"/api/v1/namespaces/{world.spaces[TENANT]}/secrets"
    with pytest.raises(LocalKubeError, match=SAID):
        world.cluster.kubectl("delete", f"--as={world.operator}", f"--raw={path}")
    assert names() == before


def test_the_api_server_understands_every_expression(world: World) -> None:
    def checked() -> dict[str, Any] | None:
        name = f"noctuary-operator-{world.spaces[RELEASE]}"
        found = json.loads(world.cluster.kubectl("get", "validatingadmissionpolicy", name, "-o", "json"))
        status: dict[str, Any] = found.get("status", {})
        return status if status.get("observedGeneration") else None

    assert eventually("the expressions were checked", checked).get("typeChecking", {}) == {}
