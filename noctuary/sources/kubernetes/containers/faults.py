"""What is wrong with one container of a pod: what ended it, and what keeps it from running."""

from collections.abc import Iterator

import msgspec

from noctuary.analyzers.last_words import why_ended, without_secrets_of_log
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.containers.objects import Container, ContainerStatus, Terminated, Waiting, memory_limit
from noctuary.sources.kubernetes.containers.onset import WELL_S, loop_began_at
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.fault_words import (
    CONFIGURATION_KEY,
    CONFIGURATION_REASONS,
    CRASH_KEY,
    CRASH_LOOP,
    IMAGE_KEY,
    IMAGE_REASONS,
    LOST_REASONS,
    OUT_OF_MEMORY,
    SANDBOX_REASONS,
    START_KEY,
    START_REASONS,
    missing_object,
)
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.words.messages import plain

FROM_LOGS = "FallbackToLogsOnError"
"""Under this policy a termination message may be the container's last log lines: a note holds the"
" telling one at most."""
ROUNDING_S = 2.0
"""Times are whole seconds."""


class PodTimes(msgspec.Struct, frozen=True):
    """What a pod says about times (seconds since the epoch; 0: unknown), and whether it was ended from outside."""

    scheduled_at: float
    unready_since: float
    leaving_since: float = 0.0
    is_ended: bool = False


class ContainerFaults:
    """The faults of one container. `spec` None: a pod without it."""

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
        if ended is not None and self._was_start_fault():
            events += self._start_fault(ended)
        elif waiting is not None and waiting.reason == CRASH_LOOP:
            events.append(self._loop(waiting, ended))
        elif ended is not None and self._failed(ended):
            events.append(self._exit(ended))
        if waiting is not None:
            events += self._cannot_start(waiting)
        return events

    def _failed(self, ended: Terminated) -> bool:
        """Tell whether it ended by itself: who asks a pod to end, ends its containers by signals."""
        if ended.exit_code == 0 or ended.reason == OUT_OF_MEMORY or ended.reason in LOST_REASONS:
            return False
        since = self._pod_times.leaving_since
        if since and seconds(ended.finished_at) >= since - ROUNDING_S:
            return False
        return not (self._pod_times.is_ended and ended is self._status.state.terminated)

    def _out_of_memory(self, ended: Terminated) -> ContextEvent:
        limit, waiting, last = self._memory_limit(), self._status.state.waiting, seconds(ended.finished_at)
        is_loop = waiting is not None and waiting.reason == CRASH_LOOP
        return self._event(
            EventType.RESTART,
            OUT_OF_MEMORY,
            OUT_OF_MEMORY,
            self._loop_began_at(waiting, ended) if is_loop else last,
            last_seen=last,
            confidence=0.95,
            old_value=f"limit={limit}" if limit else "",
            extra={details.MEMORY_LIMIT: limit, **self._exit_extra(ended)},
        )

    def _loop(self, waiting: Waiting, ended: Terminated | None) -> ContextEvent:
        return self._crash(CRASH_LOOP, CRASH_KEY, self._loop_began_at(waiting, ended), ended, 0.95)

    def _exit(self, ended: Terminated) -> ContextEvent:
        # The reason is the kubelet's own: Error for a process that ended by itself.
        reason = ended.reason or "Error"
        last, unready = seconds(ended.finished_at), self._pod_times.unready_since
        is_first = self._status.restart_count <= 1 or _run_s(ended) >= WELL_S
        began = last if is_first else min(filter(None, (last, unready)), default=self._pod_times.scheduled_at)
        return self._crash(reason, f"{CRASH_KEY}/{reason}", began, ended, 0.85)

    def _crash(self, reason: str, key: str, began: float, ended: Terminated | None, confidence: float) -> ContextEvent:
        return self._event(
            EventType.RESTART,
            key,
            reason,
            began,
            last_seen=seconds(ended.finished_at) if ended else 0.0,
            confidence=confidence,
            old_value=f"exit_code={ended.exit_code}" if ended else "",
            extra={**self._last_words(ended), **self._exit_extra(ended)},
            count=self._status.restart_count,
        )

    def _loop_began_at(self, waiting: Waiting | None, ended: Terminated | None) -> float:
        scheduled, unready = self._pod_times.scheduled_at, self._pod_times.unready_since
        if ended is None or not ended.finished_at:
            return unready or scheduled
        message = waiting.message if waiting is not None else ""
        last = seconds(ended.finished_at)
        began = loop_began_at(last, _run_s(ended), self._status.restart_count, message, unready)
        return min(last, max(began, min(scheduled, unready or scheduled)))

    def _start_fault(self, ended: Terminated) -> Iterator[ContextEvent]:
        """Tell of a container that never ran what keeps it; one that runs now was started since."""
        waiting = self._status.state.waiting
        if waiting is None and self._status.state.terminated is None:
            return
        extra = {details.MESSAGE: plain(ended.message), **self._exit_extra(ended)}
        at, last = self._loop_began_at(waiting, ended), seconds(ended.finished_at)
        yield self._event(EventType.RESTART, START_KEY, ended.reason, at, last_seen=last, extra=extra)

    def _cannot_start(self, waiting: Waiting) -> Iterator[ContextEvent]:
        extra = {details.MESSAGE: plain(waiting.message)}
        at = self._waiting_since()
        if waiting.reason in IMAGE_REASONS:
            yield self._event(EventType.DEPENDENCY_FAILURE, IMAGE_KEY, waiting.reason, at, extra=extra)
        elif waiting.reason in CONFIGURATION_REASONS:
            extra |= missing_object(waiting.message)
            yield self._event(EventType.DEPENDENCY_FAILURE, CONFIGURATION_KEY, waiting.reason, at, extra=extra)
        elif waiting.reason in START_REASONS and not self._was_start_fault():
            yield self._event(EventType.RESTART, START_KEY, waiting.reason, at, extra=extra)
        elif waiting.reason in SANDBOX_REASONS:
            yield self._event(EventType.DEPENDENCY_FAILURE, waiting.reason, waiting.reason, at, extra=extra)

    def _was_start_fault(self) -> bool:
        return self._ended is not None and self._ended.reason in START_REASONS

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
        own = {
            details.REASON: reason,
            details.CONTAINER: self._status.name,
            details.CONTAINER_ROLE: self._identity.roles.get(self._status.name, ""),
            details.IMAGE: self._image(),
        }
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

    def _last_words(self, ended: Terminated | None) -> dict[str, str]:
        """Return what a process left as its termination message: why it ended where that says so, else its end."""
        if ended is None or not ended.message:
            return {}
        finding = why_ended(ended.message.splitlines(), str(ended.exit_code))
        if finding is not None:
            return finding.details()
        is_log = self._spec is not None and self._spec.termination_message_policy == FROM_LOGS
        return {} if is_log else {details.MESSAGE: plain(without_secrets_of_log(ended.message))}

    def _image(self) -> str:
        """Return the image as the spec names it: the status may hold a digest."""
        return self._spec.image if self._spec is not None else self._status.image

    def _memory_limit(self) -> str:
        """Return the limit in force: the spec's may be one that its node has not granted yet."""
        if bytes(self._status.resources):
            return memory_limit(self._status.resources)
        return memory_limit(self._spec.resources) if self._spec is not None else ""

    def _waiting_since(self) -> float:
        """Return since when a container waits at most: a waiting reason has no time."""
        ended = seconds(self._ended.finished_at) if self._ended is not None else 0.0
        return max(ended, self._pod_times.scheduled_at)


def _run_s(ended: Terminated) -> float:
    """Return how long a container ran; 0 where that is not known."""
    if ended.started_at is None or ended.finished_at is None:
        return 0.0
    return max(0.0, seconds(ended.finished_at) - seconds(ended.started_at))
