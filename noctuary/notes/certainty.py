"""How sure an answer is, in words and in percent."""

from noctuary.correlation.score import counts_as_likely
from noctuary.models.diagnosis import Cause, Diagnosis

LIKELY, POSSIBLE = "Likely cause", "Possible cause"
NO_CHANGE = "No recent change explains this"


def percent(probability: float) -> str:
    """Return `87 %`, cut and not rounded: what is 69.9 % is not likely yet. Nothing is certain, nor impossible."""
    return f"{min(99, max(1, int(probability * 100))):d} %"


def likelihood(cause: Cause) -> str:
    """Return `Likely cause (87 %)`; only the words for what an older version stored without a probability."""
    word = LIKELY if counts_as_likely(cause) else POSSIBLE
    return word if cause.probability is None else f"{word} ({percent(cause.probability)})"


def chance(probability: float | None) -> str:
    """Return ` (6 %)`, or nothing where no probability is known."""
    return f" ({percent(probability)})" if probability else ""


def no_change(diagnosis: Diagnosis) -> str:
    """Return `No recent change explains this (sure 80 %)`: how probable it is that no change and no fault does."""
    if diagnosis.none_probability is None:
        return NO_CHANGE
    return f"{NO_CHANGE} (sure {percent(diagnosis.none_probability)})"
