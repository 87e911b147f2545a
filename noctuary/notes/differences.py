"""What a rollout changed beside its image, in words: `with env NEW added, without env OLD`."""

import re

from noctuary.common.text import clean, shorten_middle
from noctuary.notes.values import BETWEEN

_FATE = re.compile(r"(?P<what>.+?) (?P<fate>added|removed)(?P<place> of [^ ]+)?")
_VALUES = re.compile(r"(?:resources|(?P<what>[^(]+)) \((?P<values>.* -> .*)\)(?P<place> of [^ ]+)?")
"""`resources (memory limit 512Mi -> 256Mi) of app` say what they are of, `liveness probe (path /a -> /b)` does not."""
MIN_VALUES_CHARS = 30
"""`memory limit 512Mi -> 256Mi` says nothing any more when it is cut."""


def with_differences(changed: str, limit: int) -> str:
    """Return what differs; of what is longer than `limit` the first part and how many more there are."""
    parts = [part for part in BETWEEN.split(clean(changed, 253)) if part]
    whole = _joined([_told(part, 253) for part in parts])
    if len(whole) <= limit or not parts:
        return whole
    more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
    return _joined([_told(parts[0], limit)]) + more


def _joined(told: list[tuple[str, str]]) -> str:
    """Join the parts; what has the lead of the part before it does not repeat it."""
    before = ["", *(lead for lead, _ in told)]
    said = [what if lead == last else f"{lead} {what}" for last, (lead, what) in zip(before, told, strict=False)]
    return ", ".join(said)


def _told(part: str, limit: int) -> tuple[str, str]:
    """Return `with changed` and `env A`, `with` and `env B added`, `without` and `env C`; names are shortened."""
    if found := _FATE.fullmatch(part):
        what = _shortened(found["what"], limit) + _shortened(found["place"] or "", limit)
        return ("without", what) if found["fate"] == "removed" else ("with", f"{what} added")
    if found := _VALUES.fullmatch(part):
        place = found["place"] or ""
        if len(found["values"]) > max(limit, MIN_VALUES_CHARS):  # half a value is none
            return "with changed", (found["what"] or "resources") + place
        return "with", f"{found['what']} {found['values']}{place}".removeprefix("None ")
    return "with changed", _shortened(part, limit)


def _shortened(words: str, limit: int) -> str:
    """Shorten the last word, which is the name."""
    before, space, name = words.rpartition(" ")
    return f"{before}{space}{shorten_middle(name, limit)}"
