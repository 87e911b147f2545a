"""Why a program ended, as its last words say: which of its lines is the reason, and which are only noise before it."""

import re
from collections.abc import Iterable

from noctuary.analyzers.base import SIGNALS
from noctuary.analyzers.log_lines import Gravity, Line, parse_lines
from noctuary.analyzers.log_words import out_of_memory
from noctuary.analyzers.log_words.base import LogFinding, Words
from noctuary.analyzers.log_words.registry import reason_of
from noctuary.common.redaction import REMOVED, without_secrets
from noctuary.common.text import clean, shorten

MAX_SHOWN_CHARS = 200
"""Of the telling line; a note shows no more of a message."""
_BEFORE_CHARS = 60
"""Of those that stand before the reason."""
NEAR_END = 10
"""Lines from the end, without frames and what went well, within which a program tells why it ends."""
_NEAR_END_OF_ALL = 30
"""The same with what went well: a framework that shuts down tells of each of its parts."""
_CRY = re.compile(
    r"panic: |fatal error: |Fatal error: |PHP Fatal error|Exception in thread |Caused by: |Unhandled |Uncaught |Error: "
    r"|thread '[^']{0,60}'.{0,20} panicked|Segmentation fault|terminate called |\[PANIC"
    r"|(?:[\w$]{1,80}[.:]{1,2}){0,12}[A-Z]?\w{0,80}(?:Error|Exception|Exit)(?: \[\w{1,60}\])?(?::|$| \()"
)
"""How a program says that it dies, in whatever it is written."""
_GENERIC = re.compile(
    r"(?i)(?:fail(?:ed|ure)?|unable|could not|cannot|can't|error)(?: \w{1,20}){0,2} (?:start|initiali[sz]|run"
    r"|connect|boot|load|creat"
    r"|listen|bind|set ?up|serv|launch|open|execut|starting|during)|start-?up|exit|shut(?:ting)? ?down|abort"
    r"|terminat|run failed"
    r"|giving up|leader ?election lost|not started|stopped|unwrap\(\)|command failed|ELIFECYCLE|npm err"
    r"|fatal error occurred|panicked at"
    r"|unhandled 'error' event|^error:?$|systemexit|quit|unhandled(?:promise)?rejection|called `result"
)
"""What a program says of its end whatever the reason; that stands before."""
_RETRY = re.compile(
    r"(?i)\bretry|\bretries|\breconnect|try(?:ing)? again|\battempt(?: #?\d|s? left)|back(?:ing)?[ -]?off"
    r"|waiting for|still waiting"
    r"|trying (?:another|next)|next attempt|will be retried"
)
_GIVEN_UP = re.compile(
    r"(?i)giv(?:e|ing) up|gave up|exhausted|max(?:imum)?(?: number of)? (?:retries|retry|attempts|reconnect)"
    r"|(?:retries|attempts) exceeded|after \d{1,6} (?:attempts|retries|tries)|no more (?:retries|attempts)"
    r"|time(?:d)? ?out (?:waiting|while waiting|occurred|exceeded|reached)|(?:attempt|retry) (\d{1,4}) ?(?:/|of) ?\1\b"
)
_WENT_WELL = re.compile(
    r"(?i)\blistening (?:on|at)\b|\bstarted (?:in|on|successfully|listening)\b|\bserver (?:is )?(?:started|running)\b"
    r"|\bready (?:to accept|for connections|to serve)\b|\bconnected(?: successfully)?(?: to\b|$)"
    r"|\bconnection (?:established|restored|succeeded|is up)|\breconnected\b|\brecovered\b"
)
_NOT_WELL = re.compile(
    r"(?i)fail|error|can(?:no|')t|could not|unable|\bno[tr]?\b|abort|\bstop|make sure|\?|\bif\b|refused"
)
_OF_REQUEST = re.compile(
    r"\"?\b(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) /|, client: |\brequest[_-]?id\b|\bremote_addr\b|, request: "
)
"""What went wrong while somebody else was served ends no program."""
_SECRET_WORD = re.compile(
    r"(?i)\b((?:password|passwd|pwd|passphrase|secret|token|api[ -]?key|access[ -]?key|credentials?)(?: (?:is"
    r"|was|of|for))?[ :=]{1,3})"
    r"[\"'`]?(?=[^\s\"'`]{0,200}[\d!$%^&*+=])[^\s\"'`]{4,300}"
)
_RANDOM = re.compile(
    r"(?<![\w./:@-])(?=[\w+/=~-]{0,300}\d)(?=[\w+/=~-]{0,300}[A-Za-z])"
    r"(?:[\w+=~-]{16,300}|(?=[\w+=~-]{0,15}\d[A-Za-z_]{1,15}\d)[\w+=~-]{8,15})(?![\w./]|:\d)"
)
"""A word of letters and digits, long or mixed, that is no path, no host and no address: a key, a token, a hash."""
_NAME = re.compile(r"(?:[A-Za-z]{1,30}|\d{1,5}|[a-z0-9]{1,4})(?:[-_](?:[A-Za-z]{1,30}|\d{1,5}|[a-z0-9]{1,4})){1,12}")
"""`payments-db-primary-1`: words of letters, and numbers."""
_QUOTED_RANDOM = re.compile(r"([\"'`])(?=\w{0,200}\d)(?=\w{0,200}[A-Za-z])[\w!$%^&*+=~?-]{8,200}\1")


def classify(lines: Iterable[str]) -> LogFinding | None:
    """Return why a program ended, from its last lines; None where they do not say, or only what passes.

    Takes time in proportion to the lines' length.
    """
    spoken = _near_end([line for line in parse_lines(lines) if not line.is_frame])
    dying = _last_cry(spoken)
    if dying is None:
        return _first_reason(reversed(_without_retries(spoken)))
    block = spoken[_begin_of(spoken, dying) :]
    cries = [line for line in block if _is_cry(line)]
    found = _first_reason(reversed(cries)) or _first_reason(reversed(block))
    if found is not None or not _GENERIC.search(spoken[dying].text):
        return found
    return _first_reason(reversed(_without_retries(spoken)))


def why_ended(lines: Iterable[str], exit_code: str) -> LogFinding | None:
    """Return why a container ended with a code; one that was ended from outside does not know, unless memory lacked."""
    finding = classify(lines)
    is_killed = exit_code in SIGNALS
    return finding if finding is None or not is_killed or finding.kind == out_of_memory.KIND else None


def without_secrets_of_log(text: str) -> str:
    """Return a line without what looks like a secret: a program may print any, and without a name before it."""
    text = _SECRET_WORD.sub(rf"\1{REMOVED}", without_secrets(text))
    text = _QUOTED_RANDOM.sub(rf"\1{REMOVED}\1", text)
    return _RANDOM.sub(lambda found: found[0] if _NAME.fullmatch(found[0]) else REMOVED, text)


def _near_end(lines: list[Line]) -> list[Line]:
    """Return the lines that stand near the end and after all that went well, without what is said while serving."""
    kept: list[Line] = []
    count = 0
    for line in reversed(lines[-_NEAR_END_OF_ALL:]):
        if line.gravity <= Gravity.UNRATED and _WENT_WELL.search(line.text) and not _NOT_WELL.search(line.text):
            break
        if line.gravity <= Gravity.WARNING or _OF_REQUEST.search(line.text):
            continue
        kept.append(line)
        count += 1
        if count == NEAR_END and not _is_cry(line):
            break
    return kept[::-1]


def _is_cry(line: Line) -> bool:
    return line.gravity is Gravity.FATAL or _CRY.match(line.text) is not None


def _last_cry(lines: list[Line]) -> int | None:
    return next((index for index in range(len(lines) - 1, -1, -1) if _is_cry(lines[index])), None)


def _begin_of(lines: list[Line], dying: int) -> int:
    """Return where the last words begin: with the first of several errors of which each tells of the one before."""
    begin = dying
    while begin > 0 and _is_cry(lines[begin - 1]):
        begin -= 1
    return begin


def _without_retries(lines: list[Line]) -> list[Line]:
    """Return lines without attempts that were followed by others; of those that were given up, all count."""
    given_up = max((index for index, line in enumerate(lines) if _GIVEN_UP.search(line.text)), default=-1)
    return [line for index, line in enumerate(lines) if index <= given_up or not _RETRY.search(line.text)]


def _first_reason(lines: Iterable[Line]) -> LogFinding | None:
    for line in lines:
        if (found := reason_of(line.text)) is not None:
            return _finding(line.text, *found)
    return None


def _finding(text: str, kind: str, words: Words) -> LogFinding:
    told = clean(without_secrets_of_log(text), 2 * MAX_SHOWN_CHARS + len(text))
    return LogFinding(kind, _around(told, words), words.named(told))


def _around(text: str, words: Words) -> str:
    """Cut a line around its reason."""
    if len(text) <= MAX_SHOWN_CHARS:
        return text
    found = next((hit for pattern in words.patterns if (hit := pattern.search(text))), None)
    begin = max(0, found.start() - _BEFORE_CHARS) if found is not None else 0
    begin = min(begin, len(text) - MAX_SHOWN_CHARS)
    return shorten(f"…{text[begin + 1 :]}" if begin else text, MAX_SHOWN_CHARS)
