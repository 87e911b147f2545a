"""Whether an output is of the form that a page shows: same words, while ages, times and ids may differ."""

import re

_SPAN = r"(\d+d)?(\d+h)?(\d+m)?\d+(\.\d+)?[smhd]"
_FORMS = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), r"\d\d:\d\d:\d\d"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), r"[0-9a-f-]{36}"),
    (re.compile(r"\bnct:[a-z2-7]{16}\b"), r"nct:[a-z2-7]{16}"),
    (re.compile(r"-[0-9a-f]{8,10}-[0-9a-z]{5}\b"), r"-[0-9a-f]{8,10}-[0-9a-z]{5}"),
    (re.compile(rf"\b{_SPAN}\b"), _SPAN),
    (re.compile(r"\.\.\."), r".*"),
]
"""What is shown, and what may stand in its place; `...` is anything in a line, and any lines where it stands alone."""


def matches(shown: str, got: str) -> bool:
    """Tell whether the output has the shown form; white space counts only as a separator."""
    lines = [line.strip() for line in shown.strip().splitlines()]
    pattern = "".join(r"(.*\n)*?" if line == "..." else _line(line) for line in lines)
    flat = "".join(f"{' '.join(line.split())}\n" for line in got.strip().splitlines())
    return re.fullmatch(pattern, flat) is not None


def _line(shown: str) -> str:
    return _form(" ".join(shown.split())) + r"\n"


def _form(text: str) -> str:
    for known, form in _FORMS:
        if found := known.search(text):
            return f"{_form(text[: found.start()])}{form}{_form(text[found.end() :])}"
    return re.escape(text)
