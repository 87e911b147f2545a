"""The chart installed by Helm in a namespace under Pod Security `restricted`, as a user installs it."""

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hack.chart.paths import CHART, PREVIOUS
from testbed.e2e.kubectl import Kubectl, Manifest, helm, put_certificate

NAME = "noctuary"
OPERATOR = f"deployment/{NAME}-operator"
RECEIVER = f"statefulset/{NAME}-receiver"
TIMEOUT = "180s"
_ASK_STORE = """
import glob, json, shutil, sqlite3, sys, tempfile
with tempfile.TemporaryDirectory() as copy:  # the receiver lets nobody else open its store
    for part in sorted(glob.glob("/var/lib/noctuary/noctuary.db*")):
        shutil.copy(part, copy)
    with sqlite3.connect(f"{copy}/noctuary.db") as store:
        print(json.dumps(store.execute(sys.argv[1]).fetchall()))
"""
CRD = "pagerdutyintegrations.noctuary.io"


@dataclass
class ChartRelease:
    """One release; `certificate` is the TLS Secret of the test host in its namespace, `program` a Helm, else Helm 3."""

    kubectl: Kubectl
    home: Path
    namespace: str = field(default_factory=lambda: f"noctuary-{secrets.token_hex(3)}")
    certificate: str = ""
    program: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host name that integrations may claim; the ingress controller serves it."""
        return self.kubectl.facts.host

    def values(self) -> dict[str, Any]:
        """Return what the tests set; all else is the chart's default."""
        facts = self.kubectl.facts
        api = [facts.gateway or "*"]
        policy = {
            "webhookHosts": [facts.host],
            "apiHosts": api,
            "privateAPIHosts": api,
            "allowPlainHTTP": True,
        }
        storage = {"persistence": {"size": "256Mi"}}
        return {"image": _image_value(facts.image), "policy": policy, "receiver": storage, "logLevel": "debug"}

    def set_up(self) -> None:
        """Make the namespace with its certificate, and install."""
        self.kubectl.make_namespace(self.namespace)
        self.certificate = put_certificate(self.kubectl, self.namespace)
        self.install()

    def install(self, **more: Any) -> None:
        """Install the chart and wait until both pods are ready."""
        self.helm("install", NAME, *self.arguments(**more), "--wait", "--timeout", TIMEOUT)

    def ensure_installed(self) -> None:
        """Install anew unless it is installed; what a failed test left is removed first."""
        if not self.is_installed:
            self.clear()
            self.install()

    def clear(self) -> None:
        """Remove the release, its volume claim, and what an unfinished clean-up left in its namespace."""
        self.uninstall("--no-hooks", "--ignore-not-found")
        where = f"--namespace={self.namespace}"
        self.kubectl("delete", "pvc,job,ingress,lease", "--all", where)
        self.kubectl("delete", "secret", "--selector=app.kubernetes.io/managed-by=noctuary", where)

    def install_previous(self, chart: Path = PREVIOUS, image: str = "") -> None:
        """Install the chart of a version before this one, with this version's image or its own; wait for its pods."""
        values = self.values()
        del values["policy"]["privateAPIHosts"]  # it knew no such value
        if image:
            values["image"] = _image_value(image)
        file = self.home / "previous.yaml"
        file.write_text(yaml.safe_dump(values))
        self.helm("install", NAME, str(chart), "--values", str(file), "--wait", "--timeout", TIMEOUT)

    def upgrade_from_previous(self) -> None:
        """Upgrade as the page on upgrades says: the values that were set are kept, and what is new is added."""
        new = {
            "image": self.values()["image"],
            "policy": {"privateAPIHosts": self.values()["policy"]["privateAPIHosts"]},
        }
        file = self.home / "new.yaml"
        file.write_text(yaml.safe_dump(new))
        options = ["--reset-then-reuse-values", "--values", str(file), "--wait", "--timeout", TIMEOUT]
        self.helm("upgrade", NAME, str(CHART), *options)

    def upgrade(self, **more: Any) -> None:
        """Upgrade to other values and wait until both pods are ready again."""
        self.helm("upgrade", NAME, *self.arguments(**more), "--wait", "--timeout", TIMEOUT)

    def uninstall(self, *options: str) -> None:
        """Uninstall as a user does."""
        self.helm("uninstall", NAME, *options)

    def helm(self, verb: str, *arguments: str) -> str:
        """Run Helm in the release's namespace, and note how long it took."""
        began = time.monotonic()
        facts = self.kubectl.facts
        said = helm(facts, self.program or facts.helm, self.home, verb, *arguments, "--namespace", self.namespace)
        self.seconds[verb] = time.monotonic() - began
        return said

    @property
    def is_installed(self) -> bool:
        """Whether Helm knows it as deployed."""
        return NAME in self.helm("list", "--short", "--deployed")

    def pod(self, component: str) -> Manifest:
        """Return the running pod of `operator` or `receiver`."""
        selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/component={component}"
        pods = self.kubectl.list("pods", self.namespace, selector)
        return next(pod for pod in pods if "deletionTimestamp" not in pod["metadata"])

    def log(self, component: str) -> str:
        """Return the whole log of one pod."""
        return self.kubectl("logs", self.pod(component)["metadata"]["name"], f"--namespace={self.namespace}")

    def internal(self, component: str, path: str) -> str:
        """Read a page of the internal port, as the API server passes it on."""
        pod = self.pod(component)["metadata"]["name"]
        return self.kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/pods/{pod}:8081/proxy{path}")

    def ask_store(self, query: str) -> list[list[Any]]:
        """Read from the receiver's store, in its pod: the image holds no shell and no sqlite3, but Python."""
        pod, where = self.pod("receiver")["metadata"]["name"], f"--namespace={self.namespace}"
        said: list[list[Any]] = json.loads(self.kubectl("exec", pod, where, "--", "python3", "-c", _ASK_STORE, query))
        return said

    def kill(self, component: str) -> None:
        """Kill a pod as a broken node does: no warning, no grace."""
        name, where = self.pod(component)["metadata"]["name"], f"--namespace={self.namespace}"
        self.kubectl("delete", "pod", name, where, "--grace-period=0", "--force")

    def wait_until_rolled_out(self) -> None:
        """Wait until both pods are ready."""
        for workload in (OPERATOR, RECEIVER):
            self.kubectl("rollout", "status", workload, f"--namespace={self.namespace}", "--timeout=120s")

    def scale(self, workload: str, replicas: int) -> None:
        """Scale a workload and wait until it has so many pods."""
        where = f"--namespace={self.namespace}"
        self.kubectl("scale", workload, f"--replicas={replicas}", where)
        self.kubectl("rollout", "status", workload, where, "--timeout=120s")

    def tear_down(self) -> None:
        """Remove everything, kept things too."""
        self.kubectl("delete", "crd", CRD, "--ignore-not-found", "--wait=false")
        self.uninstall("--no-hooks", "--ignore-not-found")
        self.kubectl.drop_namespace(self.namespace)

    def arguments(self, **more: Any) -> list[str]:
        """Return Helm's arguments to install: the chart with the tests' values and some more."""
        files = [self.home / "values.yaml", self.home / "more.yaml"]
        for file, values in zip(files, (self.values(), more), strict=True):
            file.write_text(yaml.safe_dump(dict(values)))
        return [str(CHART), *(argument for file in files for argument in ("--values", str(file)))]


def _image_value(name: str) -> dict[str, str]:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag}
