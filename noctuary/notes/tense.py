"""The past tense of our own sentences: what is over is not told as if it still went on."""

from noctuary.common.clock import format_moment
from noctuary.correlation.lasting import ended_at, lasted_until_gone
from noctuary.models import details
from noctuary.models.diagnosis import Fault

PAST = {
    "asks": "asked",
    "are": "were",
    "cannot": "could not",
    "can": "could",
    "crash": "crashed",
    "crashes": "crashed",
    "denies": "denied",
    "do": "did",
    "does": "did",
    "exceed": "exceeded",
    "exceeds": "exceeded",
    "fail": "failed",
    "fails": "failed",
    "find": "found",
    "finds": "found",
    "forbids": "forbade",
    "has": "had",
    "have": "had",
    "hold": "held",
    "holds": "held",
    "is": "was",
    "keep": "kept",
    "keeps": "kept",
    "lack": "lacked",
    "lacks": "lacked",
    "matches": "matched",
    "match": "matched",
    "need": "needed",
    "needs": "needed",
    "objects": "objected",
    "run": "ran",
    "runs": "ran",
    "starts": "started",
    "wait": "waited",
    "waits": "waited",
}
"""The verbs that our sentences use; a test holds every analyzer's words to them."""
_INFINITIVE_AFTER = frozenset({"to", "cannot", "not"})
"""`finds no node to run on` and `cannot find` keep their verb."""


def past(sentence: str) -> str:
    """Return a sentence of ours in the past tense; what was told in it already stays."""
    words = sentence.split(" ")
    told = [
        word if before.strip("(") in _INFINITIVE_AFTER else _past(word)
        for before, word in zip(["", *words], words, strict=False)
    ]
    return " ".join(told)


def until(fault: Fault, near: float) -> str:
    """Return ` until 13:56:40`, where a node's trouble is over and it is known when it ended."""
    if not fault.is_over or details.ENDED not in fault.details:
        return ""
    ended = ended_at(fault)
    when = format_moment(ended, near) if ended else ""
    if lasted_until_gone(fault):
        return f" until it was deleted{f' at {when}' if when else ''}"
    return f" until {when}" if when else ""


def _past(word: str) -> str:
    bare = word.strip("();,.:")
    return word.replace(bare, PAST[bare]) if bare in PAST else word
