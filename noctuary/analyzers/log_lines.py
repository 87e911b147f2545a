"""Lines of programs' logs, as programs write them: how grave each is, and what it says without times and fields."""

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

MAX_LINES = 200
"""Lines that are looked at, the last ones; who reads a log asks for fewer."""
MAX_LINE_CHARS = 4_000
"""Of one line: a stack trace in JSON is longer than a sentence; what says why is at either end of it."""
MAX_FIELD_CHARS = 16_000
"""Of one line of JSON, which is cut only after it was read."""
_TAIL = MAX_LINE_CHARS // 2


class Gravity(IntEnum):
    """How a program rates a line; UNRATED: it does not say."""

    CHATTER = 0
    WARNING = 1
    UNRATED = 2
    ERROR = 3
    FATAL = 4


class Line(NamedTuple):
    """One line: its gravity, its words, and whether it is only a frame of a stack trace."""

    gravity: Gravity
    text: str
    is_frame: bool = False


_GRAVITIES = {
    **dict.fromkeys(("trace", "debug", "verbose", "info", "information", "notice", "hint"), Gravity.CHATTER),
    **dict.fromkeys(("inf", "dbg", "trc"), Gravity.CHATTER),  # of zerolog and Serilog, as the three below
    **dict.fromkeys(("detail", "context", "statement", "note", "system"), Gravity.CHATTER),
    "log": Gravity.UNRATED,  # of PostgreSQL, more serious than its errors
    **dict.fromkeys(("warn", "warning", "wrn"), Gravity.WARNING),
    **dict.fromkeys(("error", "err", "severe", "eror"), Gravity.ERROR),
    **dict.fromkeys(
        ("fatal", "critical", "crit", "emerg", "emergency", "alert", "panic", "dpanic", "ftl"), Gravity.FATAL
    ),
}
_NUMBERED = ((60, Gravity.FATAL), (50, Gravity.ERROR), (40, Gravity.WARNING), (0, Gravity.CHATTER))
"""As pino and bunyan count."""
_LEVEL_FIELDS = ("level", "severity", "lvl", "log.level", "levelname", "loglevel", "@level")
_MESSAGE_FIELDS = ("message", "msg", "@message", "log", "event", "text")
_ERROR_FIELDS = ("err", "error", "error.message", "exception", "exc_info", "cause", "reason", "stack", "stack_trace")
_INNER_FIELDS = ("message", "msg", "stack")
"""What an error that is an object says of itself."""
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_TIME = re.compile(
    r"[\[(]?(?:\d{4}[-/]\d\d[-/]\d\d|\d\d[-/](?:\d\d|[A-Z][a-z]{2})[-/]\d{4}"
    r"|(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} {1,2}\d{1,2}"
    r"|\d{1,2} [A-Z][a-z]{2} \d{4})?"
    r"[T ,]{0,2}\d{1,2}:\d\d:\d\d(?:[.,:]\d{1,9})?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?(?: \d{4})?[\])]?[:,]? {0,4}"
)
_LEAD = re.compile(r"(?:\[ {0,9}\d{1,9}\.\d{1,9}\]|\[\d{1,9}\]|\d{1,6}:[A-Z] (?=\d)|\d{1,9} (?=\[)|[>|-]) {0,4}")
"""What else stands before a message: seconds since the start, process ids, roles."""
_KLOG = re.compile(r"([IWEF])\d{4} [\d:.]{8,20} +\d{1,9} [\w.-]{1,100}:\d{1,6}\] ")
_KLOG_GRAVITY = {"I": Gravity.CHATTER, "W": Gravity.WARNING, "E": Gravity.ERROR, "F": Gravity.FATAL}
_RUBY = re.compile(r"[DIWEF], \[[^\]]{1,80}\] {1,4}")
_RATED = re.compile(
    r"(?i)(?:^|(?<=[\s\[|(<:-]))[\[(<|]?(trace|debug|verbose|info|information|notice|warn|warning|error|eror|severe|fatal"
    r"|critical|crit|inf|dbg|trc|wrn|ftl|err|emerg|emergency|alert|panic|log|hint|detail|context|statement|note|system)"
    r"(?:[\])>|:]{1,2}|(?=\s)|(?=/)|$)[\s:|-]{0,4}"
)
_RATED_WITHIN = 80
"""Characters before a level's word: a name of a thread or a logger."""
_PAIR = re.compile(r"(?:^|(?<= ))([A-Za-z_@][\w.@-]{0,40})=(\"(?:[^\"\\]|\\.){0,3000}\"?|[^\s\"]{0,1000})")
_FRAME = re.compile(
    r"\s+(?:at |\.{3} \d|File \"|in |from |\d{1,4}: |[~^]{3,}|\S{1,300}\.(?:go|rs|rb|py|js):\d)|\.{3} \d{1,4} more"
    r"|goroutine \d|\S{1,300}\(.{0,300}\)$|created by |(?:\s{4,}(?=\S))|Traceback |During handling "
    r"|The above exception |stack backtrace|note: run with|\[signal |exit status \d|Node\.js v\d|node:internal"
    r"|\s*\^{1,200}\s*$|\s*throw er"
)
_ERROR_OF_KIND = re.compile(r"(?:[\w$]{1,100}\.){0,12}[\w$]{0,100}(?:Error|Exception|Refused|Denied)\b[^=]{0,3}:?")


def parse_lines(raw: Iterable[str]) -> list[Line]:
    """Return the last lines of a log, without empty ones; takes time in proportion to their length."""
    kept = list(raw)[-MAX_LINES:]
    return [line for text in kept for line in _lines_of(text) if line.text or line.is_frame]


def _lines_of(raw: str) -> Iterator[Line]:
    text = _COLOUR.sub("", raw[:MAX_FIELD_CHARS]).rstrip()
    if text.lstrip().startswith("{") and (fields := _json(text)) is not None:
        yield from _of_fields(fields)
        return
    text = _cut(text)
    pairs = {key.lower(): _unquoted(value) for key, value in _PAIR.findall(text)}
    if pairs and _first(pairs, _MESSAGE_FIELDS) and (_first(pairs, _LEVEL_FIELDS) or len(pairs) > 2):
        yield from _of_fields(pairs)
        return
    yield _plain(text)


def _json(text: str) -> dict[str, Any] | None:
    try:
        fields = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return {key.lower(): value for key, value in fields.items()}


def _of_fields(fields: dict[str, Any]) -> Iterator[Line]:
    """Return what a structured line says: its message and its error; of other fields nothing is read."""
    gravity = _rating(_first(fields, _LEVEL_FIELDS))
    told = [_text(fields.get(name)) for name in (*_MESSAGE_FIELDS, *_ERROR_FIELDS)]
    parts = list(dict.fromkeys(part for part in told if part))
    first = ": ".join(part.partition("\n")[0].strip() for part in parts)
    yield Line(gravity, _cut(first))
    for part in parts:
        for rest in part.split("\n")[1:MAX_LINES]:
            plain = _plain(_cut(rest))
            yield plain._replace(gravity=max(gravity, Gravity.UNRATED) if plain.gravity is Gravity.UNRATED else gravity)


def _first(fields: dict[str, Any], names: Iterable[str]) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        inner = {str(key).lower(): each for key, each in value.items()}
        return "\n".join(filter(None, (each for name in _INNER_FIELDS if isinstance(each := inner.get(name), str))))
    return value if isinstance(value, str) else ""


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return value.strip('"').replace("\\n", "\n").replace('\\"', '"').replace("\\t", " ")


def _rating(level: Any) -> Gravity:
    if isinstance(level, bool) or level is None:
        return Gravity.UNRATED
    if isinstance(level, int | float):
        return next((gravity for least, gravity in _NUMBERED if level >= least), Gravity.UNRATED)
    word = str(level).strip().lower()
    if word.isdecimal():
        return _rating(int(word[:6]))
    return _GRAVITIES.get(word, Gravity.UNRATED)


def _plain(text: str) -> Line:
    if (found := _KLOG.match(text)) is not None:
        return Line(_KLOG_GRAVITY[found[1]], text[found.end() :].strip())
    if _FRAME.match(text):
        return Line(Gravity.UNRATED, text.strip(), is_frame=True)
    text = _without_lead(text)
    if _ERROR_OF_KIND.match(text):  # `Error: listen EADDRINUSE`: a kind of error, not a level
        return Line(Gravity.UNRATED, text)
    found = _RATED.search(text, 0, _RATED_WITHIN)
    if found is None or not _is_level(found):
        return Line(Gravity.UNRATED, text)
    return Line(_GRAVITIES[found[1].lower()], _without_lead(text[found.end() :]) or text)


def _is_level(found: re.Match[str]) -> bool:
    """Tell whether a word is a level and no word of a sentence: in capitals, in brackets, or first before a colon."""
    word, whole = found[1], found[0].strip()
    is_marked = whole.startswith(("[", "<", "(", "|")) or whole.endswith(("]", ">", "|"))
    return word.isupper() or is_marked or (found.start(1) == 0 and whole.endswith(":") and word.lower() != "error")


def _without_lead(text: str) -> str:
    """Cut times, process ids and the like from the beginning; they differ each time and say nothing."""
    text = text.strip()
    for _ in range(4):
        found = _TIME.match(text) or _LEAD.match(text) or _RUBY.match(text)
        if found is None or not found.end():
            break
        text = text[found.end() :].lstrip()
    return text


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LINE_CHARS else f"{text[:_TAIL]} … {text[-_TAIL:]}"
