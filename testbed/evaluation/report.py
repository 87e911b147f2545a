"""What is printed and published of a measurement."""

from collections.abc import Iterable, Sequence
from typing import Any

from testbed.evaluation.scoring.figures import Figure, by_slice, figures_of
from testbed.evaluation.scoring.judge import Judged

Json = dict[str, Any]
SMALL = 50
"""Slices of fewer answers are printed, and no conclusion is drawn from them."""
SLICED = ("AC@1", "kind", "abstain recall", "false blame")
HEADING = """# Evaluation

How often the first line of a note is right, measured on recorded incidents whose truth was written before they were
analysed. `make eval` measures it again; `make eval ARGS=--record` writes this page and a line of its history.

The bundles stand in `examples/incidents`: {bases} base scenarios, played on a real API server by `make eval-record`,
each with four that derive from it under other names, at other times and with more going on beside it. A hash of the
base's name decides which part it is in, with all that derives from it. Nothing is fitted on the check part. How bundles
are made and what the figures mean: [Design: evaluation](design/evaluation.md).

Each figure is given with its 95 % interval, from resampling the base scenarios, and the number of answers and of bases.

"""


def table(figures: dict[str, dict[str, Figure]]) -> str:
    """Return the figures of all parts as a table."""
    parts = list(figures)
    lines = [f"| figure | {' | '.join(parts)} |", f"|---|{'---|' * len(parts)}"]
    names = dict.fromkeys(name for each in figures.values() for name in each)
    lines += [f"| {name} | {' | '.join(_cell(figures[part].get(name)) for part in parts)} |" for name in names]
    return "\n".join(lines)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f}; {figure.answers} of {figure.bases})"


def slices(judged: Iterable[Judged]) -> str:
    """Return some figures of each kind of cause, family and slice, the small ones marked."""
    lines = [f"| slice | answers | {' | '.join(SLICED)} |", f"|---|---|{'---|' * len(SLICED)}"]
    for name, some in by_slice(judged).items():
        found = figures_of(some)
        mark = " (few)" if len(some) < SMALL else ""
        cells = " | ".join(f"{found[each].value:.2f}" if each in found else "-" for each in SLICED)
        lines.append(f"| {name}{mark} | {len(some)} | {cells} |")
    return "\n".join(lines)


def wrong(judged: Sequence[Judged], truths: dict[str, Json]) -> str:
    """Return the answers that were not right, one a line, with the truth beside."""
    return "\n".join(
        f"{each.id}: {truths[each.base]['entity'] or 'none'} ({each.kind}) but said {each.said}"
        for each in judged
        if not each.right
    )


def page(figures: dict[str, dict[str, Figure]], judged: Sequence[Judged], history: Sequence[Json], check: str) -> str:
    """Return the page that publishes a measurement and what came before it."""
    bases = len({each.base for each in judged})
    rows = ["| commit | AC@1 | kind | abstain recall | false blame | ECE |", "|---|---|---|---|---|---|"]
    for line in reversed(history):
        known = line["figures"].get(check, {})
        names = ("AC@1", "kind", "abstain recall", "false blame", "ECE")
        rows.append(f"| `{line['commit']}` | {' | '.join(_past(known.get(name)) for name in names)} |")
    history_text = "\n".join(rows)
    told = slices(judged)
    sections = [
        f"## Figures\n\n{table(figures)}\n",
        f"## History of the check part\n\nThe newest first.\n\n{history_text}\n",
        f"## By kind, family and slice\n\nOf both parts; fewer than {SMALL} answers prove nothing.\n\n{told}\n",
    ]
    return HEADING.format(bases=bases) + "\n".join(sections)


def _past(told: list[float] | None) -> str:
    return "-" if told is None else f"{told[0]:.2f}"
