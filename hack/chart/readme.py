"""Make the table of values in the chart's README from the comments of values.yaml."""

import json
from dataclasses import dataclass
from typing import Any

import yaml

from hack.chart.paths import CHART

BEGIN = "<!-- values: made from values.yaml by `make chart-generate` -->\n"
END = "<!-- end of values -->\n"
_DOC = "# -- "


@dataclass(frozen=True)
class Value:
    """One documented value."""

    path: str
    default: Any
    text: str


def readme() -> str:
    """Return README.md with the table made anew between its marks."""
    current = (CHART / "README.md").read_text(encoding="utf-8")
    before, _, rest = current.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"charts/noctuary/README.md has lost its marks; restore {BEGIN.strip()} and {END.strip()}")
    return before + BEGIN + table(documented_values()) + END + after


def table(values: list[Value]) -> str:
    """Return the rows as Markdown."""
    rows = [
        f"| `{each.path}` | {_default(each.default)} | {each.text.replace('|', chr(92) + '|')} |" for each in values
    ]
    return "\n".join(["", "| value | default | meaning |", "|---|---|---|", *rows, "", ""])


def documented_values(text: str | None = None) -> list[Value]:
    """Return each value that carries a comment `# -- ...`, in the order of the file."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8") if text is None else text
    defaults = yaml.safe_load(text)
    found: list[Value] = []
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            comment = _continued(comment, bare)
        elif bare and not bare.startswith("-") and _is_open(path, line, defaults):
            path = [*_parents(path, line), (_indent(line), bare.partition(":")[0])]
            if comment:
                keys = [key for _, key in path]
                found.append(Value(".".join(keys), _at(defaults, keys), " ".join(comment)))
            comment = []
        else:
            comment = []
    return found


def _continued(comment: list[str], bare: str) -> list[str]:
    if bare.startswith(_DOC):
        return [bare.removeprefix(_DOC)]
    return [*comment, bare.removeprefix("#").strip()] if comment else []


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parents(path: list[tuple[int, str]], line: str) -> list[tuple[int, str]]:
    return [(indent, key) for indent, key in path if indent < _indent(line)]


def _is_open(path: list[tuple[int, str]], line: str, defaults: Any) -> bool:
    """Whether the line names a key of a map, not one within a list's item."""
    return isinstance(_at(defaults, [key for _, key in _parents(path, line)]), dict)


def _at(defaults: Any, keys: list[str]) -> Any:
    for key in keys:
        defaults = defaults[key] if isinstance(defaults, dict) else None
    return defaults


def _default(value: Any) -> str:
    return f"`{json.dumps(value)}`".replace("|", "\\|")
