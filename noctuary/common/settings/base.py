"""What the settings of all processes have in common, and a description of them for people, made from the models."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from noctuary.common.settings.forms import LogLevel

PREFIX = "NOCTUARY_"
"""Of every variable that we read."""


_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _namespace(given: str) -> str:
    if _NAMESPACE.fullmatch(given) is None:
        raise ValueError("is no name of a namespace: it has lower-case letters, digits and -")
    return given


class Settings(BaseSettings):
    """All settings of one process; lists are separated by commas or written as JSON."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, use_attribute_docstrings=True)

    release_namespace: Annotated[str, AfterValidator(_namespace)] = "noctuary"
    """The namespace of the release, which holds routing records, routes and Leases."""
    kubeconfig: Path | None = None
    """How the API server is reached; without it by the pod's account, else by KUBECONFIG or ~/.kube/config."""
    log_level: LogLevel = "info"
    """What is logged: this and what is worse."""


class Setting(NamedTuple):
    """One setting as people read it; `default` is None where a value must be given, empty where there is none."""

    variable: str
    takes: str
    default: str | None
    meaning: str


def described(settings: type[Settings]) -> Iterator[Setting]:
    """Return each setting of a process, those that must be given first, then by name."""
    schema = settings.model_json_schema()
    needed = schema.get("required", [])
    for name in sorted(schema["properties"], key=lambda each: (each not in needed, each)):
        field = schema["properties"][name]
        default = None if name in needed else _default(field)
        yield Setting(f"{PREFIX}{name.upper()}", _takes(name, field), default, " ".join(field["description"].split()))


def _takes(name: str, field: dict[str, Any]) -> str:
    form = next((each for each in field.get("anyOf", []) if each["type"] != "null"), field)
    if "enum" in form:
        return ", ".join(form["enum"])
    kinds = {"boolean": "true or false", "array": "names", "integer": "whole number", "number": "number"}
    kind = kinds.get(form["type"], "path" if form.get("format") == "path" else "text")
    return " ".join(filter(None, [kind, "of seconds" if name.endswith("_s") else "", _bounds(form)]))


def _bounds(form: dict[str, Any]) -> str:
    bounds = [
        f"{word} {form[key]:.15g}"
        for key, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"))
        if key in form
    ]
    return " ".join(bounds)


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else f"{value:.15g}" if isinstance(value, float) else str(value)
