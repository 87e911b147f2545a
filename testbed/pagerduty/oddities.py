"""Shapes that PagerDuty's schema does not promise and public reports describe: a payload spoiled in one place."""

import json
from collections.abc import Iterator
from typing import Any

ABSENT = "absent"
BYTE_ORDER_MARK = "byte-order-mark"
UTF_16 = "utf-16"
HALF_ESCAPE = "half-escape"
VALUES: dict[str, Any] = {
    "null": None,
    "number": 7,
    "fraction": 1.5,
    "true": True,
    "text": "odd",
    "number-as-text": "7",
    "empty": "",
    "empty-list": [],
    "empty-object": {},
    "list-of-null": [None],
    "object-of-null": {"id": None, "type": None, "summary": None},
    "nan": float("nan"),
    "infinity": float("-inf"),
    "lone-surrogate": "cut \ud83d",
    "huge-text": "x" * 50_000,
    "huge-number": 10**40,
    "control": "two\nlines",
}
"""By name, what may stand in the place of a field."""
WHOLE = (BYTE_ORDER_MARK, UTF_16)
"""What happens to a whole body."""
FIELD_ODDITIES = (ABSENT, HALF_ESCAPE, *VALUES)
ODDITIES = (*FIELD_ODDITIES, *WHOLE)


def spoil(payload: Any, field: str, oddity: str) -> bytes:
    """Return a body with an oddity in the field at a path such as `incidents.0.id`; of a whole body the path is empty.

    Raises ValueError for an oddity nobody knows, LookupError for a field that is not there.
    """
    require_known(oddity)
    if oddity == BYTE_ORDER_MARK:
        return b"\xef\xbb\xbf" + json.dumps(payload).encode()
    if oddity == UTF_16:
        return json.dumps(payload, ensure_ascii=False).encode("utf-16")
    spoiled = json.loads(json.dumps(payload))  # what appears twice in it is spoiled once
    *above, last = field.split(".")
    place = spoiled
    for step in above:
        place = place[_step(place, step)]
    if oddity == ABSENT:
        del place[_step(place, last)]
    else:
        place[_step(place, last)] = "@half@" if oddity == HALF_ESCAPE else VALUES[oddity]
    body = json.dumps(spoiled, separators=(",", ":"))
    return body.replace("@half@", "cut \\ud8").replace("two\\nlines", "two\nlines").encode()


def require_known(oddity: str) -> None:
    """Raise ValueError for an oddity nobody knows."""
    if oddity not in ODDITIES:
        raise ValueError(f"no oddity {oddity}: it is one of {', '.join(ODDITIES)}")


def fields_of(payload: Any, above: str = "") -> Iterator[str]:
    """Yield the path of every field and of every item of a list."""
    children = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    for name, value in children:
        path = f"{above}{name}"
        yield path
        yield from fields_of(value, f"{path}.")


def _step(place: Any, name: str) -> str | int:
    step = int(name) if isinstance(place, list) else name
    if isinstance(step, str) and (not isinstance(place, dict) or step not in place):
        raise LookupError(name)
    if isinstance(step, int) and step >= len(place):
        raise LookupError(name)
    return step
