"""What is read of a pod's containers: their specs and what the kubelet reports of them."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from noctuary.kube.objects import Struct

BY_COMMAND = "command "
"""What a probe asks begins with this where it runs a command in the container."""
MAX_CONTAINERS = 100
"""Of one pod whose probes and roles are kept: nobody has as many, and every pod's are kept while it exists."""
ASKED_CHARACTERS = 253
"""Of what a pod asks for: five resources and their amounts fit."""
TARGET_CHARACTERS = 253
"""Of what a probe asks: a path may be as long as its pod."""


class Terminated(Struct):
    """How a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Waiting(Struct):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class ContainerState(Struct):
    """Two of three states; of a running container nothing is read."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class Resources(Struct):
    """Limits and requests of a container, as quantities."""

    limits: dict[str, Any] = msgspec.field(default_factory=dict)
    requests: dict[str, Any] = msgspec.field(default_factory=dict)


def memory_limit(resources: msgspec.Raw) -> str:
    """Return the limit for memory as it is written, or an empty text; resources stay raw until somebody asks."""
    return str(msgspec.json.decode(resources, type=Resources).limits.get("memory", ""))


def asked_for(containers: "list[Container]") -> str:
    """Return what a pod's containers ask for, as they write it: of what several ask for, nothing."""
    found: dict[str, str | None] = {}
    for container in containers[:MAX_CONTAINERS]:
        for name, amount in msgspec.json.decode(container.resources, type=Resources).requests.items():
            found[name] = None if name in found else str(amount)
    told = (f"{name}={amount}" for name, amount in sorted(found.items()) if amount is not None)
    return " ".join(told)[:ASKED_CHARACTERS]


class ContainerStatus(Struct):
    """One container as the kubelet sees it; `resources` are those in force, where it tells them."""

    name: str
    image: str = ""
    restart_count: int = 0
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)
    resources: msgspec.Raw = msgspec.Raw(b"")

    @property
    def ended(self) -> Terminated | None:
        """How it ended last."""
        return self.state.terminated or self.last_state.terminated

    @property
    def may_be_faulty(self) -> bool:
        """Whether anything but running is known of it."""
        return self.state.waiting is not None or self.ended is not None


class HttpGet(Struct):
    """A probe that asks for a page."""

    path: str = "/"
    port: int | str = ""


class PortAction(Struct):
    """A probe that connects to a port, given by number or name."""

    port: int | str = ""


class ExecAction(Struct):
    """A probe that runs a command."""

    command: list[str] = msgspec.field(default_factory=list)


class Probe(Struct):
    """How a container is asked whether it is well; one of the four ways is there."""

    http_get: HttpGet | None = None
    tcp_socket: PortAction | None = None
    grpc: PortAction | None = None
    exec: ExecAction | None = None


class Container(Struct):
    """One container of a pod's spec."""

    name: str
    image: str = ""
    resources: msgspec.Raw = msgspec.Raw(b"{}")
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    termination_message_policy: str = ""
    restart_policy: str = ""


def probe_targets(containers: Iterable[Container]) -> dict[str, str]:
    """Return what each probe asks, by `<container>/<liveness|readiness|startup>`."""
    return {
        f"{container.name}/{name}": target[:TARGET_CHARACTERS]
        for container in islice(containers, MAX_CONTAINERS)
        for name, probe in (
            ("liveness", container.liveness_probe),
            ("readiness", container.readiness_probe),
            ("startup", container.startup_probe),
        )
        if probe is not None and (target := _target(probe))
    }


def container_roles(containers: list[Container], init_containers: list[Container]) -> dict[str, str]:
    """Return what the containers are that are not a pod's first; an init container that keeps running is a sidecar."""
    roles = {each.name: "container" for each in containers[1:MAX_CONTAINERS]}
    for each in init_containers[:MAX_CONTAINERS]:
        roles[each.name] = "container" if each.restart_policy == "Always" else "init container"
    return roles


def _target(probe: Probe) -> str:
    """Return the path, the port or the command's name; its arguments may hold what no note should."""
    if probe.http_get is not None:
        path = probe.http_get.path.partition("?")[0] or "/"
        return f"{path} on port {probe.http_get.port}" if probe.http_get.port else path
    if probe.exec is not None and probe.exec.command:
        return f"{BY_COMMAND}{probe.exec.command[0].rpartition('/')[2]}"
    action = probe.tcp_socket or probe.grpc
    return f"port {action.port}" if action is not None else ""
