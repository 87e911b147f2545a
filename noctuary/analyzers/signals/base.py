"""What the kinds of fault that metrics show have in common."""

import math
from typing import ClassVar

from noctuary.analyzers.base import Advice, Analyzer, Wording
from noctuary.common.text import shorten_middle
from noctuary.common.words import phrase
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, PodView, Subject
from noctuary.models.signals import FELL, GROWS, ROSE, SHRINKS

NAME_CHARS = 60
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_VERBS = {ROSE: "rose", FELL: "fell", GROWS: "grew slowly", SHRINKS: "shrank slowly"}


class SignalAnalyzer(Analyzer):
    """A symptom with a time: it says since when something is wrong, and not why."""

    noun: ClassVar[str]
    """What is measured, as a sentence names it."""
    prior = 0.05
    is_specific = False
    is_consequence = True
    tells_cause = False
    follows_dependency = True
    follows_scaling_down = True
    names_reason = True
    is_symptom = True

    def is_passing(self, _event: ContextEvent, _pod: PodView, _onset: float) -> bool:
        """Tell that pods disprove nothing: they may be ready and answer with errors."""
        return False

    def measured(self, _fault: Fault) -> str:
        """Return what is measured, as a sentence names it."""
        return self.noun

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what left its usual level, and how far."""
        return f"{self.measured(fault)} of {wording.name} {_moved(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return what left its usual level since."""
        return f"{self.measured(fault)} {_moved(fault)}"

    def message(self, fault: Fault) -> str:
        """Return which metric shows it."""
        return shorten_middle(phrase(fault.details.get(details.METRIC, ""), 253), NAME_CHARS)

    def remedy(self, _fault: Fault, _pod: Subject, _describe: str) -> Advice:
        """Say what to do: a metric names no object to look at."""
        return Advice("look at its logs, and at what it calls, since that time")


def _moved(fault: Fault) -> str:
    reason = fault.details.get(details.REASON, "")
    verb = next((verb for end, verb in _VERBS.items() if reason.endswith(end)), "changed")
    return f"{verb} from {_level(fault, details.LEVEL_BEFORE)} to {_level(fault, details.LEVEL_AFTER)}"


def _level(fault: Fault, name: str) -> str:
    try:
        value = float(f"{float(fault.details.get(name, '')):.3g}")
    except ValueError:
        return "?"
    if not math.isfinite(value):
        return "?"
    size, unit = next(((size, unit) for size, unit in _UNITS if abs(value) >= size), (1.0, ""))
    return f"{value / size:.3g}{unit}"
