"""A hook of MkDocs: what is known elsewhere is filled in while the site is built, so that it cannot be stale."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CRD_FILE = Path(__file__).resolve().parents[2] / "crds" / "pagerdutyintegrations.noctuary.io.yaml"
MARK = "<!-- fields of spec -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the table of all fields where a page asks for it."""
    return markdown.replace(MARK, field_table()) if MARK in markdown else markdown


def field_table() -> str:
    """Return every field of the spec as a table: its path, what it takes, what it means."""
    crd = yaml.safe_load(CRD_FILE.read_text(encoding="utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    rows = [f"| `{path}` | {_takes(field)} | {field['description']} |" for path, field in fields(schema, "")]
    return "\n".join(["| field | takes | meaning |", "|---|---|---|", *rows])


def fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every field below `spec` with its path; an item of a list is marked `[]`."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".")
        if not here.startswith("spec"):
            continue
        if path:
            yield here.removeprefix("spec."), field
        yield from fields(field, here)
        yield from fields(field.get("items", {}), f"{here}[]")


def _takes(field: dict[str, Any]) -> str:
    kind = ", ".join(f"`{each}`" for each in field["enum"]) if "enum" in field else str(field["type"])
    if field["type"] in ("object", "array") or "default" not in field:
        return kind
    return f"{kind}; default `{str(field['default']).lower() if field['type'] == 'boolean' else field['default']}`"
