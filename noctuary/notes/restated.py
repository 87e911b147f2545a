"""The action of a note whose evidence cannot be read: as it was, but for what may be wrong by now."""

import re

from noctuary.common.words import prose, remark
from noctuary.notes.action import ACTION_STARTS, AGAIN, AGAIN_IF, DO, DO_IF, MAP_IT

_RESOLVED = {DO: AGAIN, DO_IF: AGAIN_IF}
_OPEN = {again: lead for lead, again in _RESOLVED.items()}
_TOOLS = ("kubectl ", "helm ")
_WORD = re.compile(r"[A-Za-z0-9./=:_-]+")
_OLD_REMARK = re.compile(r" {2,}")
"""Release 0.2.0 put a remark behind the command, after many spaces."""
_UNDO = re.compile(
    r"rollouts? undo(?: (?P<target>[^ \n]+))?| delete (?P<pod>pod/)| scale [^ \n]+ (?P<scaled>--replicas)"
)
"""A way back, and the deletion of pods that may be new ones by now."""
LOOK = "look at what it is about before anything is changed"
HISTORY = "see with kubectl rollout history which version runs now, before any rollback"
ELSEWHERE = "see where it was deployed which version runs now, before any rollback"


def restate_action(block: str, *, is_resolved: bool) -> str:
    """Return a block with the lead that its incident's status asks for; other blocks stay as they were."""
    lead = next((start for start in reversed(ACTION_STARTS) if block.startswith(start)), "")
    if not lead or MAP_IT in block:
        return block
    shown = (_RESOLVED if is_resolved else _OPEN).get(lead, lead)
    undo = _UNDO.search(block)
    if undo is not None and undo["scaled"]:
        return f"{shown} {LOOK}"
    if undo is not None:
        return f"{shown} {HISTORY if '/' in (undo['target'] or undo['pod'] or '') else ELSEWHERE}"
    first, *more = block.removeprefix(lead).strip(" ").split("\n")
    if first.startswith(_TOOLS):
        return _apart(shown, first)
    return "\n".join([f"{shown} {first}".rstrip(), *more])


def _apart(lead: str, line: str) -> str:
    """Return a command that stood on the line of its lead alone on its own, if a shell reads its words as they are."""
    command, _, told = _OLD_REMARK.sub("\n", line, count=1).partition("\n")
    if not all(map(_WORD.fullmatch, command.split(" "))):
        return f"{lead} {prose(LOOK)}"
    return "\n".join([lead, command, *([f"# {remark(told)}"] if told else [])])
