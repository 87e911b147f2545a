"""What metrics measure of a workload, and the words of ours that tell how it left its usual level."""

from enum import StrEnum


class SignalKind(StrEnum):
    """What is measured; the word is the first part of a reason."""

    ERRORS = "Errors"
    LATENCY = "Latency"
    SATURATION = "Saturation"
    RESTARTS = "Restarts"
    TRAFFIC = "Traffic"
    READINESS = "Readiness"


ROSE, FELL, GROWS, SHRINKS = "Rose", "Fell", "Grows", "Shrinks"
"""How it left its usual level: in one step, or slowly."""


def reason_of(kind: SignalKind, *, is_up: bool, is_gradual: bool) -> str:
    """Return the reason of an event: `ErrorsRose`, `SaturationGrows`."""
    slow, fast = (GROWS, ROSE) if is_up else (SHRINKS, FELL)
    return f"{kind}{slow if is_gradual else fast}"


def reasons_of(kind: SignalKind, *hows: str) -> frozenset[str]:
    """Return the reasons of a kind, all of them unless some are named."""
    return frozenset(f"{kind}{how}" for how in hows or (ROSE, FELL, GROWS, SHRINKS))
