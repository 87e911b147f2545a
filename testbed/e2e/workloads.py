"""Workloads that run, and the ways in which they fail for real. All run our own image: no other is needed."""

from typing import Any

from testbed.e2e.kubectl import Kubectl, Manifest

WEB = """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/well" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 8080), Answer).serve_forever()
"""
"""A server that is well at /well and nowhere else."""
GREEDY = "import time; held = bytearray(512 * 1024 * 1024); held[::4096] = b'x' * len(held[::4096]); time.sleep(3600)"
MEMORY_LIMIT = "48Mi"


def web(namespace: str, name: str, image: str, /, **changes: Any) -> Manifest:
    """Build a Deployment of one web server that is well; `changes` go into its container."""
    security = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "web",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", WEB],
        "resources": {"requests": {"cpu": "10m"}, "limits": {"memory": MEMORY_LIMIT}},
        "readinessProbe": probe("/well"),
        "securityContext": security,
        **changes,
    }
    labels = {"app.kubernetes.io/name": name}
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def probe(path: str) -> Manifest:
    """Build a probe that is impatient."""
    return {"httpGet": {"path": path, "port": 8080}, "periodSeconds": 1, "failureThreshold": 2, "timeoutSeconds": 5}


def roll_out(kubectl: Kubectl, *manifests: Manifest) -> None:
    """Apply Deployments and wait until each is rolled out."""
    kubectl.apply(*manifests)
    for manifest in manifests:
        where = f"--namespace={manifest['metadata']['namespace']}"
        kubectl("rollout", "status", f"deployment/{manifest['metadata']['name']}", where, "--timeout=120s")


def states(kubectl: Kubectl, namespace: str, name: str) -> list[str]:
    """Return why the containers of a workload wait or ended last."""
    pods = kubectl.list("pods", namespace, f"app.kubernetes.io/name={name}")
    statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
    found = [state for status in statuses for state in (*status["state"].values(), *status["lastState"].values())]
    return [state["reason"] for state in found if "reason" in state]


def warnings(kubectl: Kubectl, namespace: str, name: str) -> list[str]:
    """Return the reasons of the Warnings about objects of a name or made for it."""
    events = kubectl.list("events", namespace)
    return [
        event["reason"]
        for event in events
        if event["type"] == "Warning" and event["involvedObject"]["name"].startswith(name)
    ]
