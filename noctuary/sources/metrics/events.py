"""From a signal that left its usual level to the event of a fault, dated by when it did."""

from collections.abc import Iterable, Iterator

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import Subject
from noctuary.models.signals import SignalKind, reason_of
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.metrics import SOURCE
from noctuary.sources.metrics.signals import Signal
from noctuary.sources.metrics.steps import Step, find_step

LEAST: dict[SignalKind, float] = {
    SignalKind.ERRORS: 0.005,
    SignalKind.LATENCY: 0.005,
    SignalKind.SATURATION: 0.05,
    SignalKind.RESTARTS: 0.001,
    SignalKind.TRAFFIC: 0.1,
    SignalKind.READINESS: 0.3,
}
"""What is no step, in the signal's own unit: half a percent of requests, five milliseconds, a pod in three."""
LEAST_RATIO: dict[SignalKind, float] = {
    SignalKind.ERRORS: 2.0,
    SignalKind.LATENCY: 1.5,
    SignalKind.SATURATION: 1.3,
    SignalKind.RESTARTS: 2.0,
    SignalKind.TRAFFIC: 2.0,
}
"""So many times the usual level at least: what grows by a tenth pages nobody."""
LATE_S = 300.0
"""What leaves its level later than this after the alert is no symptom of it."""


def signal_events(signals: Iterable[Signal], onset: float, now: float) -> Iterator[ContextEvent]:
    """Yield an event for each signal that left its usual level before the onset, or soon after it."""
    for signal in signals:
        step = find_step(signal.points, least=LEAST[signal.kind], until=onset + LATE_S)
        if step is not None and _is_bad(signal.kind, step):
            yield _event(signal, step, now)


def _is_bad(kind: SignalKind, step: Step) -> bool:
    if kind is SignalKind.READINESS:
        return step.after < step.before
    if kind is SignalKind.TRAFFIC and step.after < step.before:
        return step.after < step.before / LEAST_RATIO[kind]
    return step.after > step.before * LEAST_RATIO[kind]


def _event(signal: Signal, step: Step, now: float) -> ContextEvent:
    subject = signal.subject
    reason = reason_of(signal.kind, is_up=step.after > step.before, is_gradual=step.is_gradual)
    found = draft(
        _ref(subject),
        subject.name,
        EventType.SATURATION if signal.kind is SignalKind.SATURATION else EventType.DEPENDENCY_FAILURE,
        key=f"{reason}/{signal.name}",
        at=step.at,
        last_seen=step.until or now,
        old_value=_number(step.before),
        new_value=_number(step.after),
        extra={
            details.REASON: reason,
            details.METRIC: signal.name,
            details.LEVEL_BEFORE: _number(step.before),
            details.LEVEL_AFTER: _number(step.after),
        },
    )
    return msgspec.structs.replace(found, source=SOURCE, vendor=SOURCE)


def _ref(subject: Subject) -> ObjectRef:
    return ObjectRef(
        subject.kind, subject.namespace, subject.name, workload_kind=subject.kind, workload_name=subject.name
    )


def _number(value: float) -> str:
    return f"{value:.3g}"
