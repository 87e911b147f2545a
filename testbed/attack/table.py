"""The one table that `make attack` prints, and the same rows as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

MAX_RATIO = 3.0
"""How much later a second tenant's notes may stand than in the undisturbed run of the same invocation."""
MAX_CALM_S = 1.0
"""Undisturbed notes stand in 0.3 s: where they take longer the machine is busy, and no ratio says anything."""
MAX_TOLD = 6
"""Effects printed of one row; the JSON holds all."""


@dataclass
class Row:
    """One attack: how big it was, what it did to others, and the sentences that tell each effect; none are wanted."""

    attack: str
    size: str
    calm_p99_s: float | None = None
    """Of the undisturbed runs before and after it."""
    p99_s: float | None = None
    lost: int = 0
    rss_mb: float | None = None
    rss_limit_mb: float | None = None
    effects: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """The second tenant's p99 during the attack over the undisturbed one."""
        return self.p99_s / self.calm_p99_s if self.p99_s is not None and self.calm_p99_s else None

    def all_effects(self) -> list[str]:
        """Return the effects that were seen and those that the figures show."""
        found = list(self.effects)
        if self.ratio is not None and self.ratio > MAX_RATIO:
            found.append(f"the second tenant's notes came {self.ratio:.1f} times as late, more than {MAX_RATIO:g}")
        if self.calm_p99_s is not None and self.calm_p99_s > MAX_CALM_S:
            found.append(f"undisturbed p99 is {self.calm_p99_s:.1f} s: attack on a machine that does nothing else")
        if self.lost:
            found.append(f"{self.lost} incidents of the second tenant have no note")
        if self.rss_mb is not None and self.rss_limit_mb is not None and self.rss_mb > self.rss_limit_mb:
            found.append(f"{self.rss_mb:.0f} MB resident, more than the chart's limit of {self.rss_limit_mb:.0f} MB")
        return found

    @property
    def passed(self) -> bool:
        """Whether nobody else felt anything."""
        return not self.all_effects()


def render(rows: list[Row]) -> str:
    """Lay the rows out as one table, with the first effects of each below it."""
    heads = ("attack", "size", "p99 calm", "p99", "ratio", "lost", "RSS MB", "effects", "verdict")
    lines = ["{:<26} {:<44} {:>8} {:>8} {:>6} {:>5} {:>7} {:>7}  {}".format(*heads)]
    for row in rows:
        effects = row.all_effects()
        cells = (_seconds(row.calm_p99_s), _seconds(row.p99_s), _number(row.ratio, 1), row.lost, _number(row.rss_mb, 0))
        verdict = "ok" if not effects else "FAILED"
        fields = (row.attack, row.size[:44], *cells, len(effects), verdict)
        lines.append("{:<26} {:<44} {:>8} {:>8} {:>6} {:>5} {:>7} {:>7}  {}".format(*fields))
        lines += [f"    effect: {effect}" for effect in effects[:MAX_TOLD]]
        lines += [f"    ... and {len(effects) - MAX_TOLD} more"] if len(effects) > MAX_TOLD else []
        lines += [f"    {remark}" for remark in row.remarks]
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f} s"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def write_json(rows: list[Row], path: Path, label: str) -> None:
    """Keep the rows, for a comparison with another tree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [asdict(row) | {"ratio": row.ratio, "effects": row.all_effects(), "passed": row.passed} for row in rows]
    path.write_text(json.dumps({"label": label, "rows": told}, indent=1) + "\n", encoding="utf-8")
