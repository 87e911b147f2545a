"""How a note is judged: pure functions from the truth and the note's text to a verdict."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from testbed.live.scenario import Truth

_CONDITION = "Do, if it is to blame:"
_LEADS = ("Do:", _CONDITION, "If it comes back:", "If it comes back, and it is to blame:")
_STATUS = re.compile(r"^Resolved after [^.]*\. ")
_OLD_REMARK = re.compile(r"\s{2,}.*$")
"""Notes of release 0.2.0 put a remark behind the command, after many spaces."""
_COMMAND = "kubectl "


class Verdict(StrEnum):
    """How true a note is."""

    RIGHT = "right"
    HALF = "half"
    WRONG = "wrong"
    NONE = "rightly none"


class Claim(StrEnum):
    """How sure the note says it is of its first cause."""

    LIKELY = "likely"
    POSSIBLE = "possible"
    NONE = "none"


def headline(note: str) -> str:
    """Return the first block of a note: its answer."""
    return _STATUS.sub("", note.partition("\n\n")[0].strip())


def claim(note: str) -> Claim:
    """Return how sure the first line is."""
    first = headline(note)
    if first.startswith("Likely cause"):
        return Claim.LIKELY
    return Claim.POSSIBLE if first.startswith("Possible cause") else Claim.NONE


def do_block(note: str) -> str:
    """Return the block that says what to do, empty when there is none."""
    blocks = (block.strip() for block in note.split("\n\n"))
    return next((block for block in blocks if block.startswith(_LEADS)), "")


def commands(note: str) -> list[str]:
    """Return the commands of the Do block, one a line, in their order."""
    block = do_block(note)
    for lead in _LEADS:
        block = block.removeprefix(lead)
    lines = (line.strip() for line in block.splitlines())
    return [_OLD_REMARK.sub("", line) for line in lines if line.startswith(_COMMAND)]


def is_conditional(note: str) -> bool:
    """Tell whether the Do block leaves it to the reader whether its change is to blame."""
    return do_block(note).startswith(_CONDITION)


def grade(truth: Truth, note: str, names: Mapping[str, str]) -> Verdict:
    """Judge a note; `names` fills the placeholders of the truth's words."""
    said = _plain(headline(note))
    if not truth.entity:
        return _grade_control(truth, note, said, names)
    if _any(truth.never, said, names):
        return Verdict.WRONG
    sure = claim(note)
    if truth.unseen:
        return _grade_unseen(truth, sure, said, names)
    named = _has(truth.named or truth.entity.partition("/")[2], said, names)
    explained = bool(truth.says) and all(_has(group, said, names) for group in truth.says)
    if named and explained and sure is not Claim.NONE:
        return Verdict.RIGHT
    if sure is Claim.NONE:
        honest = (named and explained) or _any(truth.symptom, said, names)
        return Verdict.HALF if honest else Verdict.WRONG
    return Verdict.HALF if explained or (named and _any(truth.symptom, said, names)) else Verdict.WRONG


def _grade_control(truth: Truth, note: str, said: str, names: Mapping[str, str]) -> Verdict:
    sure = claim(note)
    if sure is Claim.NONE:
        return Verdict.NONE
    tolerated = sure is Claim.POSSIBLE and _any(truth.tolerated, said, names)
    return Verdict.NONE if tolerated else Verdict.WRONG


def _grade_unseen(truth: Truth, sure: Claim, said: str, names: Mapping[str, str]) -> Verdict:
    if truth.says and all(_has(group, said, names) for group in truth.says):
        return Verdict.RIGHT
    if sure is Claim.NONE or _any(truth.symptom, said, names):
        return Verdict.NONE
    return Verdict.WRONG


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _any(groups: Sequence[str], said: str, names: Mapping[str, str]) -> bool:
    return any(_has(group, said, names) for group in groups)


def _has(group: str, said: str, names: Mapping[str, str]) -> bool:
    """Tell whether one of a group's alternatives stands in the text, at a word's beginning, no digit behind it."""
    alternatives = (alternative.format_map(names).lower() for alternative in group.split("|"))
    return any(re.search(rf"(?<![a-z0-9]){re.escape(each)}(?![0-9])", said) for each in alternatives)
