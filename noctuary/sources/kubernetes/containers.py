"""The containers of a pod: what is read of them, and what is wrong with them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from noctuary.kube.objects import Struct, seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.fault_words import (
    CONFIGURATION_KEY,
    CONFIGURATION_REASONS,
    CRASH_KEY,
    CRASH_LOOP,
    IMAGE_KEY,
    IMAGE_REASONS,
    OUT_OF_MEMORY,
    START_KEY,
    START_REASONS,
    missing_object,
)
from noctuary.sources.kubernetes.identity import PodIdentity


class Terminated(Struct):
    """How a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


class Waiting(Struct):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class ContainerState(Struct):
    """Two of three states; of a running container nothing is read."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct):
    """One container as the kubelet sees it."""

    name: str
    image: str = ""
    restart_count: int = 0
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)

    @property
    def ended(self) -> Terminated | None:
        """How it ended last."""
        return self.state.terminated or self.last_state.terminated

    @property
    def may_be_faulty(self) -> bool:
        """Whether anything but running is known of it."""
        return self.state.waiting is not None or self.ended is not None


class Resources(Struct):
    """Limits of a container, as quantities."""

    limits: dict[str, Any] = msgspec.field(default_factory=dict)


class HttpGet(Struct):
    """A probe that asks for a page."""

    path: str = "/"


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
    resources: Resources = msgspec.field(default_factory=Resources)
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None


class PodTimes(msgspec.Struct, frozen=True):
    """What a pod's status says about times (seconds since the epoch; 0: unknown), and whether it is being deleted."""

    scheduled_at: float
    unready_since: float
    is_leaving: bool


def probe_targets(containers: Iterator[Container]) -> dict[str, str]:
    """Return what each probe asks, by `<container>/<liveness|readiness|startup>`."""
    return {
        f"{container.name}/{name}": target
        for container in containers
        for name, probe in (
            ("liveness", container.liveness_probe),
            ("readiness", container.readiness_probe),
            ("startup", container.startup_probe),
        )
        if probe is not None and (target := _target(probe))
    }


def _target(probe: Probe) -> str:
    """Return the path, the port or the command's name; its arguments may hold what no note should."""
    if probe.http_get is not None:
        return probe.http_get.path.partition("?")[0] or "/"
    if probe.exec is not None and probe.exec.command:
        return f"command {probe.exec.command[0].rpartition('/')[2]}"
    action = probe.tcp_socket or probe.grpc
    return f"port {action.port}" if action is not None else ""


class ContainerFaults:
    """The faults of one container: what ended it, and what keeps it from running. `spec` None: a pod without it."""

    def __init__(
        self, identity: PodIdentity, status: ContainerStatus, spec: Container | None, pod_times: PodTimes
    ) -> None:
        self._identity = identity
        self._status = status
        self._spec = spec
        self._pod_times = pod_times
        self._ended = status.ended

    def events(self) -> list[ContextEvent]:
        """Return an event for each of them."""
        waiting, ended = self._status.state.waiting, self._ended
        events = []
        if ended is not None and ended.reason == OUT_OF_MEMORY:
            events.append(self._out_of_memory(ended))
        if waiting is not None and waiting.reason == CRASH_LOOP:
            events.append(self._crash(CRASH_LOOP, ended, 0.95))
        elif ended is not None and self._failed(ended):
            events.append(self._start_fault(ended) if ended.reason in START_REASONS else self._exit(ended))
        if waiting is not None:
            events += self._cannot_start(waiting)
        return events

    def _failed(self, ended: Terminated) -> bool:
        # A pod that is being deleted ends by a signal: 143 and 137 are no faults then.
        return ended.exit_code != 0 and ended.reason != OUT_OF_MEMORY and not self._pod_times.is_leaving

    def _out_of_memory(self, ended: Terminated) -> ContextEvent:
        limit = self._memory_limit()
        at = seconds(ended.finished_at)
        return self._event(
            EventType.RESTART,
            OUT_OF_MEMORY,
            OUT_OF_MEMORY,
            at,
            confidence=0.95,
            old_value=f"limit={limit}" if limit else "",
            extra={details.MEMORY_LIMIT: limit, **self._exit_extra(ended)},
        )

    def _exit(self, ended: Terminated) -> ContextEvent:
        # The reason is the kubelet's own: Error for a process that ended by itself.
        return self._crash(ended.reason or "Error", ended, 0.85)

    def _crash(self, reason: str, ended: Terminated | None, confidence: float) -> ContextEvent:
        last = seconds(ended.finished_at) if ended else 0.0
        return self._event(
            EventType.RESTART,
            f"{CRASH_KEY}/{reason}" if reason != CRASH_LOOP else CRASH_KEY,
            reason,
            min(filter(None, (last, self._pod_times.unready_since)), default=self._pod_times.scheduled_at),
            last_seen=last,
            confidence=confidence,
            old_value=f"exit_code={ended.exit_code}" if ended else "",
            extra=self._exit_extra(ended),
            count=self._status.restart_count,
        )

    def _start_fault(self, ended: Terminated) -> ContextEvent:
        extra = {details.MESSAGE: ended.message, **self._exit_extra(ended)}
        return self._event(EventType.RESTART, START_KEY, ended.reason, seconds(ended.finished_at), extra=extra)

    def _cannot_start(self, waiting: Waiting) -> Iterator[ContextEvent]:
        extra = {details.MESSAGE: waiting.message}
        at = self._waiting_since()
        if waiting.reason in IMAGE_REASONS:
            yield self._event(EventType.DEPENDENCY_FAILURE, IMAGE_KEY, waiting.reason, at, extra=extra)
        elif waiting.reason in CONFIGURATION_REASONS:
            extra |= missing_object(waiting.message)
            yield self._event(EventType.DEPENDENCY_FAILURE, CONFIGURATION_KEY, waiting.reason, at, extra=extra)
        elif waiting.reason in START_REASONS:
            yield self._event(EventType.RESTART, START_KEY, waiting.reason, at, extra=extra)

    def _event(
        self,
        event_type: EventType,
        key: str,
        reason: str,
        at: float,
        *,
        last_seen: float = 0.0,
        confidence: float = 0.9,
        old_value: str = "",
        extra: dict[str, str] | None = None,
        count: int = 1,
    ) -> ContextEvent:
        own = {details.REASON: reason, details.CONTAINER: self._status.name, details.IMAGE: self._image()}
        return draft(
            self._identity.ref,
            self._identity.service_name,
            event_type,
            key=f"{self._status.name}/{key}",
            at=at,
            last_seen=last_seen,
            new_value=reason,
            old_value=old_value,
            confidence=confidence,
            extra={**self._identity.extra(), **own, **(extra or {})},
            count=count,
        )

    def _exit_extra(self, ended: Terminated | None) -> dict[str, str]:
        extra = {details.RESTARTS: str(self._status.restart_count)}
        if ended is not None:
            extra[details.EXIT_CODE] = str(ended.exit_code)
        return extra

    def _image(self) -> str:
        """Return the image as the spec names it: the status may hold a digest."""
        return self._spec.image if self._spec is not None else self._status.image

    def _memory_limit(self) -> str:
        return str(self._spec.resources.limits.get("memory", "")) if self._spec is not None else ""

    def _waiting_since(self) -> float:
        """Return since when a container waits at most: a waiting reason has no time."""
        ended = seconds(self._ended.finished_at) if self._ended is not None else 0.0
        return max(ended, self._pod_times.scheduled_at)
