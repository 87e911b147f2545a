"""Secrets in messages of the platform: it quotes URLs, commands and the output of programs."""

import re
from functools import lru_cache
from typing import NamedTuple

from noctuary.common.text import cut

REMOVED = "…"
"""Stands for a secret; what was redacted once stays as it is."""
KEPT_READINGS = 512
"""The same message is drafted again with every count: about 0.5 MB, at most 16 MB where all are as long as is read."""
_VALUE = r"(?:\"[^\"]*\"?|'[^']*'?|[^\s,;&\"']{0,4096}[^\s,;&\"')\]}])"
_PASSWORD = r"(?:pass(?:word|wd|phrase)|(?<![a-z])pass|pwd)"  # noqa: S105 - how such names look
_KEY = r"(?:(?:api|access|private|account|encryption)[-_]?key|cookie)"
_NO_TAG = r"(?!v?\d{1,9}(?:\.\d{1,9}){0,4}(?:-[\w.]{1,60})?(?:[\s,;\"')\]]|$))"
"""A version behind a name is the tag of an image: `token-service:2`."""
_NAMED = rf"(?:{_PASSWORD}|secret|token|{_KEY}|[-_]key|credentials?|sig(?:nature)?|session[-_]?id)"


class Rule(NamedTuple):
    """What a secret looks like; the pattern is tried only where `sign` and one of `traces` are in the lowered text."""

    traces: tuple[str, ...]
    pattern: re.Pattern[str]
    instead: str
    sign: str = ""


_COMMANDS = (
    Rule(
        ("lifecycle hook (",),  # the kubelet tells the whole command, and what it printed
        re.compile(
            r"(?i)(exec lifecycle hook) (?!\([^\s\])/]{0,100}\) failed)\(\[?(?:[^\s\])]{0,200}/)?([^\s\])/]{0,100}).*",
            re.DOTALL,
        ),
        r"\1 (\2) failed",
    ),
    Rule(
        ("mounting arguments:",),
        re.compile(r"(Mounting arguments:).*?(?=(?<!\s)\s+Output:|\Z)", re.DOTALL),
        rf"\1 {REMOVED}",
    ),
    Rule(
        ('exec: "',),  # arguments that were given as part of a program's name; `stat` repeats them
        re.compile(r"(exec: \"[^\s\"]{1,200}) [^\"]{0,2000}\"(?:: stat .{0,2000}?(?=: (?:no such|permission|not a)))?"),
        rf'\1 {REMOVED}"',
    ),
    Rule(
        ("pass", "pwd", "secret", "token", "key", "credential", "-u"),
        re.compile(
            rf"(?i)(?<![\w.-])(--?[\w.-]{{0,40}}(?:{_PASSWORD}|secret|token|key|credentials?)\w{{0,20}}(?:=| {{1,9}})"
            rf"|(?:-u|--user)[ =]?(?=[^\s:]{{1,200}}:)){_VALUE}"
        ),
        rf"\1{REMOVED}",
        sign="-",
    ),
)
"""Arguments of programs: of each only the program's name is told."""
_ADDRESSES = (
    Rule(("@",), re.compile(r"(://)[^\s/\"'<>]{0,500}@"), rf"\1{REMOVED}@", sign="://"),
    Rule(  # a URL whose end is cut off: what follows the name is no port
        ("://",),
        re.compile(r"(://[^/\s:\"'?#\[]{1,253}:)(?![0-9]{1,5}(?:[/\s\"'?#,:;)\]}>…]|\.(?:\s|$)|$))[^/\s\"']{1,300}"),
        rf"\1{REMOVED}",
    ),
    Rule(
        ("@",),  # a connection string without scheme; what stands before the digest of an image is none
        re.compile(r"(?<![-\w/:.@])[\w.%+-]{1,64}:[^\s@/\"']{1,128}@(?!sha\d)(?=[\w.(\[-])"),
        f"{REMOVED}@",
    ),
    Rule(
        ("?",),
        re.compile(
            r"((?:://[^\s?\"'<>:]{0,500}(?::\d{1,5}[^\s?\"'<>:]{0,500})?)\?|\?(?=[-\w.%\[\]]{1,64}=))[^\s\"'<>]+"
        ),
        rf"\1{REMOVED}",
    ),
    Rule(("#",), re.compile(r"(://[^\s#\"'<>]{1,1000}#)[^\s\"'<>]+"), rf"\1{REMOVED}", sign="://"),
)
_NAMED_VALUES = (
    Rule(
        ("authorization", "x-api-key", "x-auth", "private-token"),
        re.compile(
            r"(?i)((?:authorization|x-api-key|x-auth[-\w]{0,30}|private-token)[\"']?\s{0,3}[:=]\s{0,3})"
            r"[\"']?(?:(?:basic|bearer|digest|token|negotiate|apikey)\s+|[-\w]{1,30} {1,9}(?=\S{0,200}[0-9=_]))?"
            rf"{_VALUE}"
        ),
        rf"\1{REMOVED}",
    ),
    Rule(
        ("bearer ", "basic ", "token "),  # `Bearer realm="https://…"` is a question, no answer
        re.compile(
            r"(?i)\b((?:bearer|basic|token) {1,9})(?!\w{1,20}=\")(?=[^\s\"']{0,200}[0-9=_~+/])[-\w.~+/]{5,}={0,2}"
        ),
        rf"\1{REMOVED}",
    ),
    Rule(
        ("pass", "pwd", "secret", "token", "key", "credential", "sig", "session", "cookie"),
        re.compile(rf"(?i)({_NAMED}[-\w]{{0,40}}[\"']?\s?=\s?){_VALUE}"),
        rf"\1{REMOVED}",
        sign="=",
    ),
    Rule(
        ("pass", "pwd", "key", "cookie"),
        re.compile(rf"(?i)((?:{_PASSWORD}|{_KEY})[\"']?(?:\s?:\s{{0,3}}|\s(?=[\"']\w))){_VALUE}"),
        rf"\1{REMOVED}",
    ),
    Rule(
        ("pass", "pwd", "secret", "token", "key", "credential", "session", "sig"),
        re.compile(rf"(?i)({_NAMED}[-\w]{{0,40}}[\"']?\s?:{_NO_TAG}(?:(?=[^\s/])|\s(?=[\"']))){_VALUE}"),
        rf"\1{REMOVED}",
        sign=":",
    ),
    Rule(
        ("secret", "token"),  # `failed to fetch token: forbidden` is none: a value has a digit
        re.compile(rf"(?i)((?:secret|token)[-\w]{{0,40}}[\"']?: (?=[^\s,;]{{0,200}}\d)){_VALUE}"),
        rf"\1{REMOVED}",
    ),
)
_KNOWN_FORMS = (
    Rule(
        ("private key",),
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}-----|\Z)", re.DOTALL),
        REMOVED,
    ),
    Rule(
        ("eyj", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "xox", "akia", "asia", "sk-", "hvs."),
        re.compile(
            r"\b(?:eyJ[\w-]{8,}\.[\w.-]{8,}|gh[opsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}"
            r"|A[KS]IA[A-Z0-9]{16}|sk-[\w-]{20,}|hvs\.[\w-]{16,})"
        ),
        REMOVED,
    ),
)
RULES = (*_COMMANDS, *_ADDRESSES, *_NAMED_VALUES, *_KNOWN_FORMS)
_TRACES = tuple((trace, place) for place, rule in enumerate(RULES) for trace in rule.traces)


def without_secrets(text: str) -> str:
    """Return a text, cut, without what looks like a secret: more people read a note than may read its cluster."""
    return _without_secrets(cut(text))


@lru_cache(maxsize=KEPT_READINGS)
def _without_secrets(text: str) -> str:
    lowered = text.lower()
    for place in sorted({place for trace, place in _TRACES if trace in lowered}):
        rule = RULES[place]
        if rule.sign in lowered:
            text = rule.pattern.sub(rule.instead, text)
    return text
