"""Ways in which a cluster refuses what the operator writes: each refuses while its block runs."""

import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hack.lib.certificates import Authority
from noctuary.models.routing_record import ROLE_LABEL, ROLE_ROUTE, ROLE_ROUTING_RECORD, ROLE_WEBHOOK_SECRET
from testbed.localkube.errors import LocalKubeError
from testbed.operating.team import Team
from testbed.polling import eventually
from testbed.ports import free_port

ADMISSION = "admissionregistration.k8s.io/v1"
NAME = "refuses"
WRITES = ("create", "patch")
QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": NAME}, "spec": {"hard": {"secrets": "0"}}}


def _create(team: Team, manifest: dict[str, Any]) -> None:
    team.kubectl("create", "-f", "-", input=json.dumps(manifest))


def _rule(role: str) -> dict[str, Any]:
    groups, resources = ([""], ["secrets"])
    if role == ROLE_ROUTE:
        groups, resources = ["networking.k8s.io", "gateway.networking.k8s.io"], ["ingresses", "httproutes"]
    return {"apiGroups": groups, "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": resources}


@contextmanager
def name_taken(team: Team) -> Iterator[None]:
    """The Secret's name is somebody else's."""
    team.store("payments-webhook", mine="1")
    try:
        yield
    finally:
        team.kubectl("delete", "secret", "payments-webhook")


@contextmanager
def quota(team: Team) -> Iterator[None]:
    """A ResourceQuota on Secrets."""
    _create(team, QUOTA)
    patch = json.dumps({"status": {"hard": {"secrets": "0"}, "used": {"secrets": "0"}}})  # no controller does it here
    team.kubectl("patch", "resourcequota", NAME, "--subresource=status", "--type=merge", "-p", patch)
    try:
        yield
    finally:
        team.kubectl("delete", "resourcequota", NAME)


@contextmanager
def immutable(team: Team) -> Iterator[None]:
    """The webhook Secret stands and cannot be changed."""
    team.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", '{"immutable":true}')
    try:
        yield
    finally:
        team.kubectl("delete", "secret", "payments-webhook")


@contextmanager
def _policy(team: Team, role: str) -> Iterator[None]:
    spec = {
        "matchConstraints": {"objectSelector": {"matchLabels": {ROLE_LABEL: role}}, "resourceRules": [_rule(role)]},
        "validations": [{"expression": "false", "message": "no such thing here"}],
    }
    binding = {"policyName": NAME, "validationActions": ["Deny"]}
    kinds = {"ValidatingAdmissionPolicy": spec, "ValidatingAdmissionPolicyBinding": binding}
    for kind, each in kinds.items():
        _create(team, {"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": NAME}, "spec": each})
    eventually("the policy refuses", lambda: _is_refused(team, role))
    try:
        yield
    finally:
        for kind in kinds:
            team.kubectl("delete", kind, NAME)


def policy(team: Team) -> Any:
    """An admission policy against webhook Secrets."""
    return _policy(team, ROLE_WEBHOOK_SECRET)


def record_policy(team: Team) -> Any:
    """An admission policy against routing records, which stand in the release's namespace."""
    return _policy(team, ROLE_ROUTING_RECORD)


def route_policy(team: Team) -> Any:
    """An admission policy against routes."""
    return _policy(team, ROLE_ROUTE)


@contextmanager
def _webhook(team: Team, role: str, url: str, authority: bytes) -> Iterator[None]:
    hook = {
        "name": "refuses.example.com",
        "clientConfig": {"url": url, "caBundle": b64encode(authority).decode()},
        "rules": [_rule(role)],
        "objectSelector": {"matchLabels": {ROLE_LABEL: role}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
    }
    kind = "ValidatingWebhookConfiguration"
    _create(team, {"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": NAME}, "webhooks": [hook]})
    eventually("the webhook refuses", lambda: _is_refused(team, role))
    try:
        yield
    finally:
        team.kubectl("delete", kind, NAME)


def _is_refused(team: Team, role: str) -> bool:
    manifest: dict[str, Any] = {"metadata": {"name": "probe", "labels": {ROLE_LABEL: role}}}
    if role == ROLE_ROUTE:
        backend = {"service": {"name": "probe", "port": {"number": 80}}}
        manifest |= {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"defaultBackend": backend}}
    else:
        manifest |= {"apiVersion": "v1", "kind": "Secret"}
    try:
        team.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(manifest))
    except LocalKubeError:
        return True
    return False


class _Denies(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer an AdmissionReview: not allowed."""
        review = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = {"code": 403, "message": "no such thing here"}
        answer = {"uid": review["request"]["uid"], "allowed": False, "status": status}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def webhook(team: Team) -> Iterator[None]:
    """An admission webhook that denies webhook Secrets."""
    with TemporaryDirectory() as directory:
        authority, stem = Authority("webhooks"), Path(directory, "server")
        authority.issue(stem, "webhook", names=["127.0.0.1"])
        authority.write(Path(directory, "ca.crt"))
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        with ThreadingHTTPServer(("127.0.0.1", 0), _Denies) as server:
            server.socket = trust.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"https://127.0.0.1:{server.server_address[1]}/"
            with _webhook(team, ROLE_WEBHOOK_SECRET, url, Path(directory, "ca.crt").read_bytes()):
                yield
            server.shutdown()


@contextmanager
def absent_webhook(team: Team) -> Iterator[None]:
    """An admission webhook that does not answer, as that of an ingress controller that is down."""
    with TemporaryDirectory() as directory:
        Authority("webhooks").write(Path(directory, "ca.crt"))
        url, authority = f"https://127.0.0.1:{free_port()}/", Path(directory, "ca.crt").read_bytes()
        with _webhook(team, ROLE_ROUTE, url, authority):
            yield


@contextmanager
def _without_verbs(team: Team, kind: str, name: str, resource: str, verbs: Sequence[str] = WRITES) -> Iterator[None]:
    def change(take: bool) -> None:
        role = team.existing(kind, name, team.release)
        for rule in role["rules"]:
            if resource in rule["resources"]:
                rule["verbs"] = sorted({*rule["verbs"], *verbs} - set(verbs if take else ()))
        del role["metadata"]["resourceVersion"]
        team.cluster.kubectl("-n", team.release, "replace", "-f", "-", input=json.dumps(role))

    change(take=True)
    account = f"system:serviceaccount:{team.release}:noctuary-operator"
    place = team.namespace if kind == "clusterrole" else team.release
    ask = ("-n", place, "auth", "can-i", verbs[0], resource, f"--as={account}")
    eventually("the right is gone", lambda: _says_no(team, *ask))
    try:
        yield
    finally:
        change(take=False)


def _says_no(team: Team, *ask: str) -> bool:
    try:
        team.cluster.kubectl(*ask)
    except LocalKubeError:  # `no` is exit code 1
        return True
    return False


def secret_right(team: Team) -> Any:
    """The operator's ClusterRole may not write Secrets."""
    return _without_verbs(team, "clusterrole", f"noctuary-operator-{team.release}", "secrets")


def reading_right(team: Team) -> Any:
    """The operator's ClusterRole lists Secrets and may not read one."""
    return _without_verbs(team, "clusterrole", f"noctuary-operator-{team.release}", "secrets", ["get"])


def removal_right(team: Team) -> Any:
    """The operator's Role may not delete Ingresses."""
    return _without_verbs(team, "role", "noctuary-operator", "ingresses", ["delete"])


def route_right(team: Team) -> Any:
    """The operator's Role may not write Ingresses."""
    return _without_verbs(team, "role", "noctuary-operator", "ingresses")
