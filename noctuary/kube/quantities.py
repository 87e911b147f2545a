"""Kubernetes quantities as numbers: `500m`, `64Mi`, `2`, `1e3`."""

import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"([+-]?[0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,2}))?"
)
_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def quantity(written: object) -> Decimal | None:
    """Return the number that a quantity is; None for what is none."""
    found = _QUANTITY.fullmatch(str(written))
    if found is None:
        return None
    number, unit, power = found.groups()
    return Decimal(number) * _FACTORS.get(unit or "", Decimal(1)) * Decimal(10) ** int(power or 0)
