"""How a reason is found in a line of a log, and the fault that it makes of a crash."""

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from noctuary.analyzers.base import Advice, Wording, container_named, kubectl, log_reason
from noctuary.analyzers.crash_loop import CrashLoop, is_loop
from noctuary.common.text import shorten_middle
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import WORKLOAD_KINDS, Fault, Subject

MAX_NAMED_CHARS = 80
"""Of what a line names; more is told by the line itself."""
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]{2,45}\]|\*)"
ADDRESS = re.compile(rf"(?<![\w.:@/-])({_HOST}:[0-9]{{2,5}}|\[[0-9A-Fa-f:.]{{2,45}}\]:[0-9]{{2,5}})(?![\w:.]\w|\d)")
"""A host or an address, and a port."""
PORT = re.compile(r"(?i)\bport(?: number)?[ :=]{1,3}(\d{2,5})\b|(?<![\w\])])(?:::|:|\*:)(\d{2,5})\b")
"""A port alone."""
PATH = re.compile(r"(?<![\w:/.@-])(\.{0,2}/[\w@%+=,~-][\w.@%+=,~/-]{0,250})")
"""A path; none with a line of source behind it, which is a frame of a stack."""
DENIED_PATH = re.compile(
    r"(?i)(\.{0,2}/[\w.@+=-][\w./@+=-]{0,200})[\"'`]?: (?:permission denied|no such file"
    r"|operation not permitted|not found"
    r"|read-only|cannot execute)|@ \w{1,40} - (/[\w./@+=-]{1,200})"
)
"""A path right before what is wrong with it, as shells say it, and Ruby behind."""
_SOURCE_LINE = re.compile(r"\.(?:go|rs|py|rb|js|ts|java|c|cc|cpp|h|mjs|php):\d{1,6}")
_PLAIN = re.compile(
    rf"(?:port [0-9]{{2,5}}|(?:user |bucket )?[A-Za-z0-9_](?:[\w.-]{{0,98}}\w)?|{_HOST}:[0-9]{{2,5}}"
    rf"|--?[A-Za-z0-9][\w.-]{{0,60}}"
    r"|\.{0,2}(?:/[\w.@%+=,~-]{1,80}){1,20}/?|@?[\w-]{1,60}/[\w./-]{1,80}|[\w-]{1,60}(?:::[\w-]{1,60}){1,5})"
)
_IS_HOST_PATH = re.compile(r"[^./@][^/]*\.[^/]*/")


class LogFinding(NamedTuple):
    """Why a program ended, as its own words say: the reason's kind, the telling line, and what it names.

    `line` is without secrets, and cut; `named` is empty or a plain word.
    """

    kind: str
    line: str
    named: str = ""

    def details(self) -> dict[str, str]:
        """Return it as details of an event."""
        return {details.MESSAGE: self.line, details.LOG_REASON: f"{self.kind} {self.named}".rstrip()}


class Words(NamedTuple):
    """The words of one reason.

    A line has it where one of `signs` stands in its lower-case text and, where there are any, one of `patterns` finds
    something; and where none of `unless` does. `names` are tried in turn: what a group finds is what is named, behind
    the group's own name where it has one (`user app`).
    """

    signs: Sequence[str]
    patterns: Sequence[re.Pattern[str]] = ()
    unless: Sequence[re.Pattern[str]] = ()
    names: Sequence[re.Pattern[str]] = ()

    def holds(self, text: str, lowered: str) -> bool:
        """Tell whether a line has the reason."""
        if not any(sign in lowered for sign in self.signs):
            return False
        if self.patterns and not any(pattern.search(text) for pattern in self.patterns):
            return False
        return not any(pattern.search(text) for pattern in self.unless)

    def named(self, text: str) -> str:
        """Return what a line names, where that is a plain word."""
        for pattern in self.names:
            for found in pattern.finditer(text):
                name = next(filter(None, found.groups()), "").rstrip(".,:;/")
                if _SOURCE_LINE.search(name + text[found.end() : found.end() + 7]):
                    continue
                before = "port" if pattern is PORT else found.lastgroup
                if name and (told := plain_named(f"{before} {name}" if before else name)):
                    return told
        return ""


def plain_named(text: str) -> str:
    """Return what a log names where it is an address, a path, a flag, or a word; else nothing."""
    if len(text) > MAX_NAMED_CHARS or not _PLAIN.fullmatch(text) or "//" in text or _IS_HOST_PATH.match(text):
        return ""
    return text


class Crashed(CrashLoop):
    """A crash whose reason its last words tell."""

    words: ClassVar[Words]
    said: ClassVar[str]
    """The reason in two or three words, as it stands in the first line."""
    tells_cause = True
    prior = 0.25
    advice: ClassVar[str] = ""
    """What to look at besides, as a remark behind the command."""

    def recognises(self, event: ContextEvent) -> bool:
        """Take the crashes whose words tell this reason."""
        return log_reason(event.details)[0] == self.kind and super().recognises(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return how it ends, and why."""
        crashes = f"keep{wording.s} crashing" if is_loop(fault) else "crashed"
        place, why = container_named(fault, wording.limit, " in"), self._reason(fault, wording.limit)
        return f"{wording.pods} {crashes}{place}: {why}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return why new pods end."""
        return f"new pods crash{container_named(fault, limit, ' in')}: {self._reason(fault, limit)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return the command that shows what the reason is about, else the container's last words."""
        look = self.look(fault)
        return Advice(command=look, remark=self.advice) if look else self._logs(fault, pod, describe)

    def look(self, _fault: Fault) -> str:
        """Return a command that shows more than the words do, or nothing."""
        return ""

    def _logs(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        return super().remedy(fault, pod, describe)._replace(remark=self.advice)

    def _reason(self, fault: Fault, limit: int) -> str:
        named = plain_named(log_reason(fault.details)[1])
        return f"{self.said} ({shorten_middle(named, limit)})" if named else self.said


def describe_workload(fault: Fault) -> str:
    """Return the command that shows the template of what crashes: its command, arguments, variables and mounts."""
    kind = fault.subject.kind
    return kubectl(fault.subject, "describe", kind=kind) if kind in WORKLOAD_KINDS else ""
