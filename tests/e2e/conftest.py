"""What end-to-end tests share: the cluster of `make e2e`, its programs, its front door, and a way out for pods."""

import os
import secrets
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from hack.kind.relay import relay
from hack.kind.state import Facts, RunDirectory

FACTS_VARIABLE = "NOCTUARY_E2E_FACTS"
KUBECTL_TIMEOUT_S = 150.0
POLL_S = 0.3
PATIENCE_S = 60.0

T = TypeVar("T")


def _facts() -> Facts | None:
    named = os.environ.get(FACTS_VARIABLE)
    run = RunDirectory(Path(named).parent if named else None)
    try:
        return run.read_facts()
    except FileNotFoundError:
        return None


@pytest.fixture(scope="session")
def facts() -> Facts:
    """Everything known about the cluster; without one, the test is skipped."""
    found = _facts()
    if found is None:
        pytest.skip("no cluster to test on: run `make e2e`, or `make e2e KEEP=1` and pytest afterwards")
    return found


@dataclass(frozen=True)
class Kubectl:
    """kubectl as administrator."""

    facts: Facts

    def __call__(self, *arguments: str, text: str = "") -> str:
        """Run kubectl and return what it prints; a failure is an AssertionError in its own words."""
        command = [self.facts.kubectl, f"--kubeconfig={self.facts.kubeconfig}", *arguments]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=KUBECTL_TIMEOUT_S, check=False
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
        return done.stdout

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply objects as a person would."""
        self("apply", "--server-side", "--filename=-", text=yaml.safe_dump_all(manifests))

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """Read one object."""
        found: dict[str, Any] = yaml.safe_load(self("get", kind, name, f"--namespace={namespace}", "--output=yaml"))
        return found


@pytest.fixture(scope="session")
def kubectl(facts: Facts) -> Kubectl:
    """kubectl as administrator of the cluster."""
    return Kubectl(facts)


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A namespace of the test's own, in which Pod Security `restricted` is enforced."""
    name = f"e2e-{secrets.token_hex(3)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@dataclass(frozen=True)
class FrontDoor:
    """The ingress controller as the outside world sees it, at its port on the loopback."""

    facts: Facts
    client: httpx.Client

    def request(self, method: str, path: str, *, host: str | None = None, **options: Any) -> httpx.Response:
        """Send one HTTPS request to a host name; its certificate is checked."""
        host = host or self.facts.host
        url = f"https://127.0.0.1:{self.facts.https_port}{path}"
        headers = {**options.pop("headers", {}), "Host": host}
        return self.client.request(method, url, headers=headers, extensions={"sni_hostname": host}, **options)

    def get(self, path: str, *, host: str | None = None) -> httpx.Response:
        """GET one path of a host."""
        return self.request("GET", path, host=host)


@pytest.fixture(scope="session")
def front_door(facts: Facts) -> Iterator[FrontDoor]:
    """HTTPS to the ingress controller by host name; only the tests' own authority is trusted."""
    if not facts.https_port:
        pytest.skip("the ingress controller of this cluster is not ours")
    trusted = ssl.create_default_context(cafile=facts.authority)
    with httpx.Client(verify=trusted, timeout=10.0, trust_env=False) as client:
        yield FrontDoor(facts, client)


@pytest.fixture
def certificate(facts: Facts, kubectl: Kubectl) -> Callable[[str], str]:
    """Store the test host's certificate in a namespace; returns the name of its Secret."""

    def store(namespace: str) -> str:
        data = {"tls.crt": Path(facts.certificate).read_text(), "tls.key": Path(facts.certificate_key).read_text()}
        metadata = {"name": "test-host", "namespace": namespace}
        kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": metadata,
                "stringData": data,
            }
        )
        return "test-host"

    return store


@pytest.fixture
def door_for_pods(facts: Facts) -> Iterator[Callable[[int], str]]:
    """Open a loopback port of this machine, such as the simulator's, to pods; returns host:port as pods see it."""
    open_doors = []

    def open_door(port: int) -> str:
        if not facts.gateway:
            pytest.skip("this cluster has no address of this machine")
        door = relay(facts.gateway, port)
        address = door.__enter__()
        open_doors.append(door)
        return address

    yield open_door
    for door in open_doors:
        door.__exit__(None, None, None)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], T], Callable[[T], bool]], T]:
    """Ask again until the answer is right; the last answer is shown when it never is."""

    def poll(ask: Callable[[], T], right: Callable[[T], bool]) -> T:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = _unless_cut_off(ask)
            if answer is not None and right(answer):
                return answer
            assert time.monotonic() < deadline, f"not after {PATIENCE_S:.0f} s; the last answer was {answer!r}"
            time.sleep(POLL_S)

    return poll


def _unless_cut_off(ask: Callable[[], T]) -> T | None:
    """Ask once; a connection that is refused or cut off while something starts is no answer yet."""
    try:
        return ask()
    except httpx.TransportError:
        return None
