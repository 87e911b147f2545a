"""The ground of end-to-end tests: the image runs hardened, and the ingress controller does what we rely on."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from testbed.e2e.ingress_client import IngressClient
from testbed.e2e.kubectl import Kubectl
from testbed.kind.state import ClusterRecord
from testbed.polling import eventually

WEB_SERVER = """
import http.server, socketserver
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
socketserver.ThreadingTCPServer(("", 8080), Answer).serve_forever()
"""
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
WRITE = "open('/opt/noctuary/written', 'w')"


def pod(image: str, namespace: str, name: str, command: list[str] | None = None, *args: str) -> dict[str, Any]:
    """Build a pod that Pod Security `restricted` admits, with a root file system that cannot be written."""
    security = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": security}
    container |= ({"command": command} if command else {}) | ({"args": list(args)} if args else {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        },
    }


def service(namespace: str, name: str) -> dict[str, Any]:
    """Build a Service for the pods of one name."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def ingress_manifest(namespace: str, backend: str, host: str, secret: str) -> dict[str, Any]:
    """Build an Ingress that routes everything below /hooks of a host to a Service."""
    target = {"service": {"name": backend, "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": "/hooks", "pathType": "Prefix", "backend": target}]}}
    spec = {"ingressClassName": "traefik", "rules": [rule], "tls": [{"hosts": [host], "secretName": secret}]}
    metadata = {"name": backend, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def http_route(namespace: str, backend: str, host: str) -> dict[str, Any]:
    """Build the same as an HTTPRoute of the shared Gateway."""
    match = {"path": {"type": "PathPrefix", "value": "/hooks"}}
    rule = {"matches": [match], "backendRefs": [{"name": backend, "port": 80}]}
    parent = {"name": "traefik", "namespace": "traefik", "sectionName": "websecure"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": backend, "namespace": namespace},
        "spec": {"parentRefs": [parent], "hostnames": [host], "rules": [rule]},
    }


@pytest.fixture
def web(kubectl: Kubectl, facts: ClusterRecord, namespace: str) -> str:
    """A web server that answers with the path it was asked for; returns its Service's name."""
    kubectl.apply(pod(facts.image, namespace, "web", ["python3", "-c", WEB_SERVER]), service(namespace, "web"))
    kubectl("wait", "--for=condition=Ready", "pod/web", f"--namespace={namespace}", "--timeout=60s")
    return "web"


def phase_of(kubectl: Kubectl, namespace: str, name: str) -> Callable[[], str]:
    """Ask for the phase of a pod."""
    return lambda: str(kubectl.get("pod", name, namespace)["status"].get("phase"))


def ended(phase: str) -> bool:
    return phase in {"Succeeded", "Failed"}


@pytest.mark.parametrize("command", ["operator", "receiver"])
def test_the_image_knows_both_commands_under_pod_security_restricted(
    kubectl: Kubectl, facts: ClusterRecord, namespace: str, command: str
) -> None:
    kubectl.apply(pod(facts.image, namespace, command, None, command, "--help"))
    assert eventually("the answer is right", phase_of(kubectl, namespace, command), ended) == "Succeeded"
    assert f"noctuary {command}" in kubectl("logs", command, f"--namespace={namespace}")


def test_the_image_runs_as_a_high_user_and_cannot_write_to_its_root(
    kubectl: Kubectl, facts: ClusterRecord, namespace: str
) -> None:
    show = "import os; print(os.getuid(), os.getgid())"
    kubectl.apply(pod(facts.image, namespace, "who", ["python3", "-c", show]))
    kubectl.apply(pod(facts.image, namespace, "write", ["python3", "-c", WRITE]))
    assert eventually("the answer is right", phase_of(kubectl, namespace, "who"), ended) == "Succeeded"
    assert kubectl("logs", "who", f"--namespace={namespace}").split() == ["65532", "65532"]
    assert eventually("the answer is right", phase_of(kubectl, namespace, "write"), ended) == "Failed"
    assert "Read-only file system" in kubectl("logs", "write", f"--namespace={namespace}")


def test_an_ingress_leads_a_host_with_tls_to_its_service(
    kubectl: Kubectl,
    facts: ClusterRecord,
    namespace: str,
    web: str,
    certificate: Callable[[str], str],
    ingress: IngressClient,
) -> None:
    host = f"{namespace}.{facts.host}"
    kubectl.apply(ingress_manifest(namespace, web, host, certificate(namespace)))
    answer: httpx.Response = eventually(
        "the answer is right", lambda: ingress.get("/hooks/1", host=host), lambda a: a.status_code == 200
    )
    assert answer.text == "/hooks/1"
    assert ingress.get("/elsewhere", host=host).status_code == 404
    status = kubectl.get("ingress", web, namespace)["status"]
    assert status["loadBalancer"]["ingress"][0]["ip"] == "127.0.0.1"


def test_an_http_route_leads_a_host_with_tls_to_its_service(
    kubectl: Kubectl, facts: ClusterRecord, namespace: str, web: str, ingress: IngressClient
) -> None:
    host = f"{namespace}.{facts.host}"
    kubectl.apply(http_route(namespace, web, host))
    answer: httpx.Response = eventually(
        "the answer is right", lambda: ingress.get("/hooks/2", host=host), lambda a: a.status_code == 200
    )
    assert answer.text == "/hooks/2"
    conditions = kubectl.get("httproute", web, namespace)["status"]["parents"][0]["conditions"]
    assert {c["type"]: c["status"] for c in conditions} == {"Accepted": "True", "ResolvedRefs": "True"}


def test_a_service_without_endpoints_is_answered_503_and_not_404(
    kubectl: Kubectl, facts: ClusterRecord, namespace: str, certificate: Callable[[str], str], ingress: IngressClient
) -> None:
    host = f"{namespace}.{facts.host}"
    kubectl.apply(service(namespace, "nobody"), ingress_manifest(namespace, "nobody", host, certificate(namespace)))
    eventually(
        "the answer is right", lambda: ingress.get("/hooks/3", host=host), lambda answer: answer.status_code == 503
    )


class _Greeter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")


@pytest.fixture
def loopback_server() -> Iterator[int]:
    """A server that listens on this machine's loopback only; returns its port."""
    with HTTPServer(("127.0.0.1", 0), _Greeter) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_pod_reaches_a_server_on_this_machines_loopback(
    kubectl: Kubectl, facts: ClusterRecord, namespace: str, loopback_server: int, relay_for_pods: Callable[[int], str]
) -> None:
    address = relay_for_pods(loopback_server)
    kubectl.apply(pod(facts.image, namespace, "caller", ["python3", "-c", FETCH, f"http://{address}/"]))
    assert eventually("the answer is right", phase_of(kubectl, namespace, "caller"), ended) == "Succeeded"
    assert kubectl("logs", "caller", f"--namespace={namespace}").strip() == "hello"
