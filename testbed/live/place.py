"""Where one scenario happens: its namespace, the names it was given, and what people do there."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from testbed.live.cluster import LiveCluster, LiveError
from testbed.live.images import image
from testbed.live.manifests import NAME_LABEL, PORT
from testbed.live.scenario import Manifest, names_in

WAIT_S = 75.0
"""For a cluster of two busy cores to report what was done to it."""
POLL_S = 0.5
_APPS = "/apis/apps/v1"


@dataclass(frozen=True)
class Place:
    """A namespace with a service `app`, and `callee` where it calls another."""

    cluster: LiveCluster
    namespace: str
    app: str
    callee: str
    post: Callable[[Manifest], None]
    """Posts an event to the receiver, as another system does."""

    def names(self) -> dict[str, str]:
        """Return what the placeholders of a truth stand for."""
        return names_in(self.app)

    def kubectl(self, *arguments: str, text: str = "") -> str:
        """Run kubectl in the namespace, as a person does."""
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments, text=text)

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects."""
        self.kubectl("apply", "--filename=-", text=yaml.safe_dump_all(manifests))

    def rolled_out(self, name: str = "", kind: str = "deployment") -> None:
        """Wait until a rollout is done."""
        self.kubectl("rollout", "status", f"{kind}/{name or self.app}", f"--timeout={WAIT_S:.0f}s")

    def set_image(self, tag: str, name: str = "", kind: str = "deployment") -> None:
        """Roll out another version."""
        self.kubectl("set", "image", f"{kind}/{name or self.app}", f"app={image(tag)}")

    def scale(self, replicas: int, name: str = "", kind: str = "deployment") -> None:
        """Scale a workload by hand."""
        self.kubectl("scale", f"{kind}/{name or self.app}", f"--replicas={replicas}")

    def change_container(self, name: str = "", kind: str = "deployment", **fields: object) -> None:
        """Roll out a change of the container's fields."""
        container = {"name": "app", **fields}
        self.patch({"spec": {"template": {"spec": {"containers": [container]}}}}, name, kind)

    def change_pods(self, name: str = "", kind: str = "deployment", **fields: object) -> None:
        """Roll out a change of the pods' spec."""
        self.patch({"spec": {"template": {"spec": fields}}}, name, kind)

    def patch(self, change: Manifest, name: str = "", kind: str = "deployment", how: str = "strategic") -> None:
        """Patch an object."""
        text = yaml.safe_dump(change)
        self.kubectl("patch", kind, name or self.app, f"--type={how}", f"--patch={text}")

    def pods(self, name: str = "") -> list[Manifest]:
        """List the pods of a workload."""
        query = f"labelSelector={NAME_LABEL}={name or self.app}"
        return self.cluster.items(f"/api/v1/namespaces/{self.namespace}/pods?{query}")

    def misbehave(self, how: str, name: str = "") -> None:
        """Tell every pod of a workload to misbehave from now on."""
        for pod in self.pods(name):
            path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}:{PORT}/proxy/do/{how}"
            self.cluster.status(path)

    def delete_pods(self, name: str = "") -> None:
        """Delete the pods of a workload, as a drain or a person does."""
        self.kubectl("delete", "pods", f"--selector={NAME_LABEL}={name or self.app}", "--wait=true")

    def events(self, reason: str) -> list[Manifest]:
        """List the namespace's events of a reason."""
        query = f"fieldSelector=reason={reason}"
        return self.cluster.items(f"/api/v1/namespaces/{self.namespace}/events?{query}")

    def answers(self, name: str = "") -> bool:
        """Tell whether a GET through the Service is answered with 200."""
        path = f"/api/v1/namespaces/{self.namespace}/services/{name or self.app}:80/proxy/"
        return self.cluster.status(path) == 200

    def wait(self, what: str, is_so: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until something is so; raises LiveError."""
        deadline = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > deadline:
                raise LiveError(f"not after {timeout_s:.0f} s in {self.namespace}: {what}")
            if self.cluster.ended.wait(POLL_S):
                raise LiveError("the run was ended")

    def wait_event(self, reason: str) -> None:
        """Wait until the cluster reports an event of a reason."""
        self.wait(f"an event {reason}", lambda: bool(self.events(reason)))

    def wait_state(self, *reasons: str, name: str = "") -> None:
        """Wait until a container of a workload waits or has ended for one of these reasons."""
        self.wait(f"a container in {' or '.join(reasons)}", lambda: bool(set(reasons) & set(self.states(name))))

    def states(self, name: str = "") -> list[str]:
        """Return why containers wait, have ended, or ended last."""
        status = [pod.get("status", {}) for pod in self.pods(name)]
        lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        every = [each for one in status for field in lists for each in one.get(field, [])]
        states = [state for each in every for state in (*each["state"].values(), *each.get("lastState", {}).values())]
        return [state.get("reason", "") for state in states]

    def wait_unready(self, name: str = "") -> None:
        """Wait until a pod of a workload runs and is not ready."""
        self.wait("a pod that is not ready", lambda: any(not is_ready(pod) for pod in self.pods(name)))

    def wait_restarted(self, count: int = 1, name: str = "") -> None:
        """Wait until containers of a workload were restarted so often."""

        def restarts() -> int:
            status = (each for pod in self.pods(name) for each in pod["status"].get("containerStatuses", []))
            return sum(each["restartCount"] for each in status)

        self.wait(f"{count} restarts", lambda: restarts() >= count)

    def workloads(self) -> dict[str, Manifest]:
        """Return what runs pods in the namespace, by kind/name."""
        kinds = {"deployment": "deployments", "statefulset": "statefulsets", "daemonset": "daemonsets"}
        return {
            f"{kind}/{found['metadata']['name']}": found
            for kind, plural in kinds.items()
            for found in self.cluster.items(f"{_APPS}/namespaces/{self.namespace}/{plural}")
        }


def is_ready(pod: Manifest) -> bool:
    """Tell whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
