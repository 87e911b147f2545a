"""A recorded incident as it is on disk or in a line of JSON, read into one form; odd parts are left out, and said."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from noctuary.common.errors import InvalidInput

Json = dict[str, Any]
MAX_FILE_BYTES = 512 * 1024 * 1024
"""Of one file: a namespace of a thousand pods with all its managed fields has a few tens of megabytes."""
INCIDENT, OBJECTS, EVENTS, MAPPING, LOGS, METRICS = "incident", "objects", "events", "mapping", "logs", "metrics"
FILES = {
    INCIDENT: "incident.json",
    OBJECTS: "objects.json",
    EVENTS: "events.ndjson",
    MAPPING: "mapping.yaml",
    METRICS: "metrics.json",
}
MAX_WRAPPED = 3
"""Objects around the list of a mapping: a resource, its spec; one that holds itself has no end."""
_HALF = re.compile("[\ud800-\udfff]")
PATHS = ("path", "dir", "bundle")
"""How a line of cases may name a bundle that stands elsewhere, relative to its file."""


class Bundle(NamedTuple):
    """What was recorded: the incident, any objects, and what else there is; `odd` says what could not be read."""

    id: str
    incident: Json
    objects: list[Json]
    events: list[bytes]
    mapping: list[Any]
    logs: dict[str, str]
    metrics: bytes
    odd: list[str]


def read_bundle(place: Path, *, is_elsewhere: bool = False) -> Bundle:
    """Read a bundle from its directory or its JSON file; `is_elsewhere`: another one named it.

    Raises InvalidInput that names the part and the mend.
    """
    if place.is_dir():
        return _of_directory(place)
    if not place.is_file():
        raise InvalidInput(str(place), "is neither a directory nor a file", "name a bundle: see docs/reference/replay")
    told = _json_of(_bytes_of(place), place.name)
    if not isinstance(told, dict):
        raise InvalidInput(place.name, "is no JSON object", "give an object with `incident` and `objects`")
    return bundle_of(told, place.stem, place.parent, is_elsewhere=is_elsewhere)


def bundle_of(told: Json, name: str, beside: Path, *, is_elsewhere: bool = False) -> Bundle:
    """Return a bundle from one JSON object; it may name a bundle that stands elsewhere. Raises InvalidInput."""
    parts = {_part_of(key): value for key, value in told.items()}
    elsewhere = next((told[key] for key in PATHS if isinstance(told.get(key), str)), None)
    own_id = str(told.get("id") or name)
    if elsewhere is not None and INCIDENT not in parts:
        if is_elsewhere:
            raise InvalidInput(name, "names one that stands elsewhere, which does so again", "name the bundle itself")
        return read_bundle(beside / elsewhere, is_elsewhere=True)._replace(id=own_id)
    odd: list[str] = []
    return Bundle(
        id=own_id,
        incident=_incident_of(parts.get(INCIDENT)),
        objects=list(_objects_of(parts.get(OBJECTS) or [], odd)),
        events=[line if isinstance(line, bytes) else msgspec.json.encode(line) for line in _lines(parts.get(EVENTS))],
        mapping=_mapping_of(parts.get(MAPPING)),
        logs=_logs_of(parts.get(LOGS), odd),
        metrics=msgspec.json.encode(parts[METRICS]) if parts.get(METRICS) else b"",
        odd=odd,
    )


def _of_directory(place: Path) -> Bundle:
    odd: list[str] = []
    parts: Json = {}
    for part, name in FILES.items():
        path = place / name
        if path.is_file():
            parts[part] = _read_part(part, _bytes_of(path), name)
    if INCIDENT not in parts:
        raise InvalidInput(
            f"{place.name}/incident.json", "is missing", "write {service, title, triggered_at} of the incident into it"
        )
    incident = _incident_of(parts[INCIDENT])
    return Bundle(
        id=str(incident.get("id") or place.name),
        incident=incident,
        objects=list(_objects_of(parts.get(OBJECTS) or [], odd)),
        events=list(parts.get(EVENTS) or []),
        mapping=_mapping_of(parts.get(MAPPING)),
        logs=dict(_log_files(place / LOGS)),
        metrics=parts.get(METRICS) or b"",
        odd=odd,
    )


def _read_part(part: str, raw: bytes, name: str) -> Any:
    if part == METRICS:
        return raw
    if part == EVENTS:
        return [line for line in raw.splitlines() if line.strip()]
    if part == MAPPING:
        try:
            return yaml.safe_load(raw)
        except (yaml.YAMLError, ValueError, RecursionError, TypeError, KeyError) as error:
            raise InvalidInput(
                name, f"is no YAML: {' '.join(str(error).split())}", "write it as spec.services"
            ) from None
    return list(_documents(raw, name)) if part == OBJECTS else _json_of(raw, name)


def _documents(raw: bytes, name: str) -> Iterator[Any]:
    """Yield what a file holds: one JSON document, or several in a row as several commands print them."""
    text = raw.decode("utf-8", errors="replace").lstrip("\ufeff")
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(name, f"is no JSON: {error}", "record it with `kubectl get … -o json`") from None
        yield found


def _json_of(raw: bytes, name: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(name, f"is no JSON: {error}", "write one JSON document") from None


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInput(path.name, f"is larger than {MAX_FILE_BYTES} bytes", "record fewer namespaces")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read: {error.strerror}", "name a file that can") from None


def _part_of(key: str) -> str:
    """Return which part a key names: `incident` or, as the file is called, `incident.json`."""
    return next((part for part, name in FILES.items() if key == name), key)


def _incident_of(told: Any) -> Json:
    if not isinstance(told, dict):
        raise InvalidInput("incident", "is no JSON object", "give {service, title, triggered_at}")
    return dict(_without_halves(told))


def _without_halves(told: Any) -> Any:
    """Return JSON without halves of letters, `\\ud800` alone, which nothing can write down."""
    return json.loads(_HALF.sub("\ufffd", json.dumps(told, ensure_ascii=False)))


def _objects_of(told: Any, odd: list[str]) -> Iterator[Json]:
    """Yield the objects of lists in lists; what is no object is left out."""
    if isinstance(told, dict) and isinstance(told.get("items"), list):
        kind = str(told.get("kind", "")).removesuffix("List")
        of_list = {"kind": kind, "apiVersion": told.get("apiVersion", "")} if kind else {}
        for item in told["items"]:  # the API server tells the kind of a list's objects only once
            yield from _objects_of(of_list | item if isinstance(item, dict) else item, odd)
    elif isinstance(told, list):
        for item in told:
            yield from _objects_of(item, odd)
    elif isinstance(told, dict) and isinstance(told.get("kind"), str) and isinstance(told.get("metadata"), dict):
        yield told
    else:
        odd.append("an object without kind or metadata was left out")


def _lines(told: Any) -> Iterator[Any]:
    if isinstance(told, str):
        yield from (line.encode() for line in told.splitlines() if line.strip())
    elif isinstance(told, list):
        yield from told


def _mapping_of(told: Any) -> list[Any]:
    """Return the services of a mapping: the list itself, or as it stands in a resource."""
    for _ in range(MAX_WRAPPED):
        told = told.get("services", told.get("spec")) if isinstance(told, dict) else told
    if told is None:
        return []
    if not isinstance(told, list):
        raise InvalidInput("mapping", "is no list", "write it as spec.services: a list of {name, namespaces, …}")
    return told


def _logs_of(told: Any, odd: list[str]) -> dict[str, str]:
    """Return logs by `namespace/pod/container[.previous]`."""
    found: dict[str, str] = {}
    for path, value in told.items() if isinstance(told, dict) else ():
        text = "\n".join(str(line) for line in value) if isinstance(value, list) else value
        if isinstance(text, str):
            found[str(path).removeprefix("logs/").removesuffix(".log")] = text
        else:
            odd.append(f"the log {path} is no text and was left out")
    return found


def _log_files(place: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(place.rglob("*")) if place.is_dir() else ():
        if path.is_file():
            yield str(path.relative_to(place)).removesuffix(".log"), _bytes_of(path).decode(errors="replace")
