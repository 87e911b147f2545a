"""What is wrong with a pod, read from its status."""

import re
from collections.abc import Iterator

from noctuary.kube.objects import Condition, Container, ContainerStatus, Pod, Terminated, Waiting, seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.identity import PodIdentity, identify_pod

CRASH_LOOP = "CrashLoopBackOff"
OUT_OF_MEMORY = "OOMKilled"
IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})
"""All say that the image cannot be had; a pod goes back and forth between the first two."""
CONFIGURATION_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})
START_REASONS = frozenset({"RunContainerError", "StartError", "ContainerCannotRun", "PostStartHookError"})
CRASH_KEY, IMAGE_KEY, CONFIGURATION_KEY, START_KEY = "crash", "image", "configuration", "start"
UNSCHEDULABLE = "FailedScheduling"
_MISSING_OBJECT = re.compile(r"(?i)\b(configmap|secret) \"([^\"]+)\" not found")
_MISSING_KEY = re.compile(r"(?i)couldn't find key (\S+) in (configmap|secret) (?:[^/\s]+/)?(\S+)")
_PRESSURES = (("memory", "memory_pressure"), ("disk", "disk_pressure"), ("ephemeral", "disk_pressure"))


def pod_faults(pod: Pod) -> list[ContextEvent]:
    """Return an event for each thing that is wrong with a pod, or that made its containers restart."""
    identity = identify_pod(pod)
    events = [*_pod_level(pod, identity)]
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        events += _ContainerFaults(pod, identity, status).events()
    return events


def is_ready(pod: Pod) -> bool:
    """Tell whether a pod takes traffic."""
    condition = _condition(pod, "Ready")
    return condition is not None and condition.status == "True"


def missing_object(message: str) -> dict[str, str]:
    """Read from the kubelet's words which ConfigMap or Secret, or which key of it, a container lacks."""
    if found := _MISSING_OBJECT.search(message):
        return {details.MISSING_KIND: _kind(found[1]), details.MISSING_NAME: found[2].rpartition("/")[2]}
    if found := _MISSING_KEY.search(message):
        return {
            details.MISSING_KIND: _kind(found[2]),
            details.MISSING_NAME: found[3].rstrip(".,;"),
            details.MISSING_KEY: found[1],
        }
    return {}


def _kind(word: str) -> str:
    return "ConfigMap" if word.lower() == "configmap" else "Secret"


def _condition(pod: Pod, kind: str) -> Condition | None:
    return next((condition for condition in pod.status.conditions if condition.type == kind), None)


def _pod_level(pod: Pod, identity: PodIdentity) -> Iterator[ContextEvent]:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.status == "False" and scheduled.reason == "Unschedulable":
        yield draft(
            identity.ref,
            identity.service_name,
            EventType.SATURATION,
            key=UNSCHEDULABLE,
            at=seconds(scheduled.last_transition_time) or seconds(pod.metadata.creation_timestamp),
            new_value=UNSCHEDULABLE,
            old_value=constraint(scheduled.message),
            facts=identity.facts() | {details.REASON: UNSCHEDULABLE, details.MESSAGE: scheduled.message},
        )
    if pod.status.phase == "Failed" and pod.status.reason:
        yield _ended(pod, identity)


def _ended(pod: Pod, identity: PodIdentity) -> ContextEvent:
    """Make the event of a pod that was ended from outside: Evicted, Preempting, NodeLost, ..."""
    reason, message = pod.status.reason, pod.status.message
    turned = [seconds(condition.last_transition_time) for condition in pod.status.conditions]
    return draft(
        identity.ref,
        identity.service_name,
        EventType.RESTART,
        key=reason,
        at=max([*turned, seconds(pod.status.start_time), seconds(pod.metadata.creation_timestamp)]),
        new_value=reason,
        old_value=pressure(message),
        facts=identity.facts() | {details.REASON: reason, details.MESSAGE: message},
    )


def pressure(message: str) -> str:
    """Return what a node ran out of when it evicted, or an empty text."""
    lowered = message.lower()
    known = next((word for part, word in _PRESSURES if part in lowered), "")
    return known or ("pid_pressure" if re.search(r"\bpids?\b", lowered) else "")


def constraint(message: str) -> str:
    """Return what a scheduler did not find, or an empty text."""
    lowered = message.lower()
    return next((f"insufficient_{what}" for what in ("memory", "cpu") if f"insufficient {what}" in lowered), "")


class _ContainerFaults:
    """The faults of one container: what ended it, and what keeps it from running."""

    def __init__(self, pod: Pod, identity: PodIdentity, status: ContainerStatus) -> None:
        self._pod = pod
        self._identity = identity
        self._status = status
        self._ended = status.state.terminated or status.last_state.terminated

    def events(self) -> list[ContextEvent]:
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
        is_leaving = self._pod.metadata.deletion_timestamp is not None
        return ended.exit_code != 0 and ended.reason != OUT_OF_MEMORY and not is_leaving

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
            facts={details.MEMORY_LIMIT: limit, **self._exit_facts(ended)},
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
            min(filter(None, (last, self._unready_since())), default=self._scheduled_at()),
            last_seen=last,
            confidence=confidence,
            old_value=f"exit_code={ended.exit_code}" if ended else "",
            facts=self._exit_facts(ended),
            count=self._status.restart_count,
        )

    def _start_fault(self, ended: Terminated) -> ContextEvent:
        facts = {details.MESSAGE: ended.message, **self._exit_facts(ended)}
        return self._event(EventType.RESTART, START_KEY, ended.reason, seconds(ended.finished_at), facts=facts)

    def _cannot_start(self, waiting: Waiting) -> Iterator[ContextEvent]:
        facts = {details.MESSAGE: waiting.message}
        at = self._waiting_since()
        if waiting.reason in IMAGE_REASONS:
            yield self._event(EventType.DEPENDENCY_FAILURE, IMAGE_KEY, waiting.reason, at, facts=facts)
        elif waiting.reason in CONFIGURATION_REASONS:
            facts |= missing_object(waiting.message)
            yield self._event(EventType.DEPENDENCY_FAILURE, CONFIGURATION_KEY, waiting.reason, at, facts=facts)
        elif waiting.reason in START_REASONS:
            yield self._event(EventType.RESTART, START_KEY, waiting.reason, at, facts=facts)

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
        facts: dict[str, str] | None = None,
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
            facts={**self._identity.facts(), **own, **(facts or {})},
            count=count,
        )

    def _exit_facts(self, ended: Terminated | None) -> dict[str, str]:
        facts = {details.RESTARTS: str(self._status.restart_count)}
        if ended is not None:
            facts[details.EXIT_CODE] = str(ended.exit_code)
        return facts

    def _image(self) -> str:
        """Return the image as the spec names it: the status may hold a digest."""
        return next((c.image for c in self._containers() if c.name == self._status.name), self._status.image)

    def _memory_limit(self) -> str:
        limits = next((c.resources.limits for c in self._containers() if c.name == self._status.name), {})
        return str(limits.get("memory", ""))

    def _containers(self) -> Iterator[Container]:
        yield from self._pod.spec.containers
        yield from self._pod.spec.init_containers

    def _unready_since(self) -> float:
        ready = _condition(self._pod, "Ready")
        return seconds(ready.last_transition_time) if ready is not None and ready.status != "True" else 0.0

    def _scheduled_at(self) -> float:
        scheduled = _condition(self._pod, "PodScheduled")
        bound = seconds(scheduled.last_transition_time) if scheduled is not None else 0.0
        return bound or seconds(self._pod.status.start_time) or seconds(self._pod.metadata.creation_timestamp)

    def _waiting_since(self) -> float:
        """Return since when a container waits at most: no time stands beside a waiting reason."""
        ended = seconds(self._ended.finished_at) if self._ended is not None else 0.0
        return max(ended, self._scheduled_at())
