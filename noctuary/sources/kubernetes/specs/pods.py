"""Pods as the live view reads them: with what the watch need not keep of each pod, raw until a check asks for it."""

from datetime import datetime

import msgspec

from noctuary.kube.objects import Struct
from noctuary.sources.kubernetes.containers.objects import Container, ContainerState, ContainerStatus, HttpGet, Probe
from noctuary.sources.kubernetes.containers.pod_parts import PodSpec, PodStatus
from noctuary.sources.kubernetes.kinds.pods import PODS, Pod
from noctuary.sources.kubernetes.specs.kinds import SpecKind

DEFAULT_SCHEDULER = "default-scheduler"
NONE = msgspec.Raw(b"null")


class ContainerPort(Struct):
    """A port that a container declares; without this it may listen all the same."""

    container_port: int = 0
    name: str = ""
    protocol: str = "TCP"
    host_port: int = 0


class Variable(Struct):
    """A variable of a container; without a value it comes from elsewhere."""

    name: str = ""
    value: str | None = None


class LiveHttpGet(HttpGet):
    """A probe that asks for a page, and how."""

    scheme: str = "HTTP"
    host: str = ""


class LiveProbe(Probe):
    """How a container is asked whether it is well, and for how long it may not be."""

    http_get: LiveHttpGet | None = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    failure_threshold: int = 3


class LiveContainer(Container):
    """One container with all that checks of specs read."""

    liveness_probe: LiveProbe | None = None
    readiness_probe: LiveProbe | None = None
    startup_probe: LiveProbe | None = None
    raw_ports: msgspec.Raw = msgspec.field(default=NONE, name="ports")
    raw_env: msgspec.Raw = msgspec.field(default=NONE, name="env")
    raw_env_from: msgspec.Raw = msgspec.field(default=NONE, name="envFrom")
    raw_mounts: msgspec.Raw = msgspec.field(default=NONE, name="volumeMounts")
    raw_args: msgspec.Raw = msgspec.field(default=NONE, name="args")
    raw_command: msgspec.Raw = msgspec.field(default=NONE, name="command")

    def ports(self) -> list[ContainerPort]:
        """Return the ports that it declares."""
        return msgspec.json.decode(self.raw_ports, type=list[ContainerPort] | None) or []

    def env(self) -> list[Variable]:
        """Return its variables."""
        return msgspec.json.decode(self.raw_env, type=list[Variable] | None) or []

    def words(self) -> list[str]:
        """Return its command and arguments."""
        told = (msgspec.json.decode(raw, type=list[str] | None) for raw in (self.raw_command, self.raw_args))
        return [word for words in told for word in words or ()]

    @property
    def keeps_running(self) -> bool:
        """Whether an init container is one that runs beside the others."""
        return self.restart_policy == "Always"


class Running(Struct):
    """Since when a container runs."""

    started_at: datetime | None = None


class LiveContainerState(ContainerState):
    """All three states."""

    running: Running | None = None


class LiveContainerStatus(ContainerStatus):
    """A container with whether it is started, and ready."""

    state: LiveContainerState = msgspec.field(default_factory=LiveContainerState)
    ready: bool = False
    started: bool | None = None


class Gate(Struct):
    """What must be taken away before a pod is scheduled."""

    name: str = ""


class HostAlias(Struct):
    """A line of a pod's hosts file."""

    hostnames: list[str] | None = None


class LivePodSpec(PodSpec):
    """What a pod asks for, as far as checks read it."""

    containers: list[LiveContainer] = msgspec.field(default_factory=list)  # type: ignore[assignment]  # only read
    init_containers: list[LiveContainer] = msgspec.field(default_factory=list)  # type: ignore[assignment]  # only read
    host_network: bool = False
    scheduler_name: str = DEFAULT_SCHEDULER
    scheduling_gates: list[Gate] = msgspec.field(default_factory=list)
    service_account_name: str = ""
    host_aliases: msgspec.Raw = NONE

    def aliases(self) -> set[str]:
        """Return the names that its own hosts file knows."""
        known = msgspec.json.decode(self.host_aliases, type=list[HostAlias] | None) or []
        return {name for each in known for name in each.hostnames or ()}

    def running(self) -> list[LiveContainer]:
        """Return the containers that run side by side, sidecars among them."""
        return [*self.containers, *(each for each in self.init_containers if each.keeps_running)]


class LivePodStatus(PodStatus):
    """What a pod reached."""

    container_statuses: list[LiveContainerStatus] = msgspec.field(  # type: ignore[assignment]  # only read
        default_factory=list
    )
    init_container_statuses: list[LiveContainerStatus] = msgspec.field(  # type: ignore[assignment]  # only read
        default_factory=list
    )


class LivePod(Pod):
    """core/v1 Pod."""

    spec: LivePodSpec = msgspec.field(default_factory=LivePodSpec)
    status: LivePodStatus = msgspec.field(default_factory=LivePodStatus)


LIVE_PODS = SpecKind(PODS.api, PODS.resource, LivePod)
"""Pods where they are listed at incident time; the watch of pods decodes less."""
