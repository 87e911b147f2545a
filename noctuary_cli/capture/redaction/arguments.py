"""Commands and arguments: the program, the names of flags, and the values that may be shown."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from noctuary_cli.capture.redaction.forms import is_mixed, is_plain_segment, parts_of
from noctuary_cli.capture.redaction.hiding import Hiding

_FLAG = re.compile(r"(--?[A-Za-z][A-Za-z0-9_.-]{0,80})(?:=(.*))?", re.DOTALL)
_ALONE = re.compile(r"--[A-Za-z].*|-[A-Za-z]")
"""A flag without a value of its own: `-pWORD` may hold one."""
_JVM = re.compile(r"-X(?:mx|ms|ss|mn)[0-9]{1,6}[kmgKMG]?")


def show_command(command: Sequence[Any], hiding: Hiding) -> list[str]:
    """Return a command: its program by name, and its arguments."""
    words = [str(each) for each in command]
    return [*(_program(each, hiding) for each in words[:1]), *show_arguments(words[1:], hiding)]


def show_arguments(arguments: Sequence[Any], hiding: Hiding) -> list[str]:
    """Return arguments: names of flags, values that may be shown, hashes in place of all else."""
    return list(_shown([str(each) for each in arguments], hiding))


def _program(program: str, hiding: Hiding) -> str:
    is_plain = all(map(is_plain_segment, program.strip("/").split("/")))
    return program if is_plain else hiding.hash(program)


def _shown(arguments: Sequence[str], hiding: Hiding) -> Iterator[str]:
    before = ""
    for each in arguments:
        flag = _FLAG.fullmatch(each)
        if _JVM.fullmatch(each):
            yield each
            before = ""
        elif flag is None or any(map(is_mixed, parts_of(flag[1]))):
            yield hiding.shown(before, each)
            before = ""
        elif flag[2] is not None:
            yield f"{flag[1]}={hiding.shown(flag[1], flag[2])}"
            before = ""
        else:
            yield each if _ALONE.fullmatch(each) else hiding.hash(each)
            before = each
