"""The simulator's answers against the vendor's own OpenAPI document, where it is at hand."""

import json
import os
from collections.abc import AsyncIterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from testbed.pagerduty import PagerDutySimulator

VARIABLE = "NOCTUARY_PAGERDUTY_SCHEMA"
NOTE = {"note": {"content": "found it"}}

CALLS = [
    ("GET", "/users/me", "/users/me"),
    ("GET", "/services", "/services"),
    ("GET", "/services/{id}", "/services/{service}"),
    ("GET", "/incidents", "/incidents"),
    ("GET", "/incidents/{id}", "/incidents/{incident}"),
    ("GET", "/incidents/{id}/alerts", "/incidents/{incident}/alerts"),
    ("GET", "/incidents/{id}/log_entries", "/incidents/{reopened}/log_entries"),
    ("GET", "/incidents/{id}", "/incidents/{reopened}"),
    ("GET", "/incidents/{id}/notes", "/incidents/{incident}/notes"),
    ("POST", "/incidents/{id}/notes", "/incidents/{incident}/notes"),
    ("PUT", "/incidents/{id}/notes/{note_id}", "/incidents/{incident}/notes/{note}"),
]

ERRORS = [
    ("GET", "/incidents/{id}", "/incidents/QNOBODY", 404),
    ("GET", "/incidents", "/incidents?limit=many", 400),
    ("POST", "/incidents/{id}/notes", "/incidents/{incident}/notes?empty", 400),
]


@pytest.fixture
def registry() -> "Registry[Any]":
    path = os.environ.get(VARIABLE)
    if not path:
        pytest.skip(f"{VARIABLE} does not name PagerDuty's OpenAPI document (REST, JSON): answers are not compared")
    return _registry(path)


@pytest.fixture
async def api(pd: PagerDutySimulator) -> AsyncIterator[httpx.AsyncClient]:
    token = pd.add_token(user=pd.add_user("Bot", "bot@example.com"))
    headers = {"Authorization": f"Token token={token}"}
    async with httpx.AsyncClient(base_url=pd.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def names(pd: PagerDutySimulator) -> dict[str, str]:
    """One incident in each state, one with a note, one reopened (no entry of an acknowledgement fits the schema)."""
    service = pd.add_service("payments-api", [pd.add_team("Payments")])
    details = {"firing": "Labels:\n - alertname = X", "num_firing": 1}
    incidents = [pd.trigger(service, f"incident {number}", custom_details=details) for number in range(3)]
    pd.trigger(service, "made by a person", alerts=[])
    pd.acknowledge(incidents[1].id)
    pd.resolve(incidents[2].id)
    author = next(iter(pd.account.users.values()))
    pd.reopen(incidents[2].id, by=author)
    note = pd.write_note(incidents[1].id, "looking", author)
    return {"service": service, "incident": incidents[1].id, "reopened": incidents[2].id, "note": note.id}


@pytest.mark.parametrize(("method", "template", "path"), CALLS, ids=lambda value: value)
async def test_an_answer_is_valid_by_the_vendors_schema(
    registry: "Registry[Any]", api: httpx.AsyncClient, names: dict[str, str], method: str, template: str, path: str
) -> None:
    answer = await api.request(method, path.format(**names), json=None if method == "GET" else NOTE)
    assert answer.status_code == 200
    assert _complaints(registry, template, method, 200, answer.json()) == []


@pytest.mark.parametrize(("method", "template", "path", "status"), ERRORS, ids=str)
async def test_an_error_is_valid_by_the_vendors_schema(
    registry: "Registry[Any]",
    api: httpx.AsyncClient,
    names: dict[str, str],
    method: str,
    template: str,
    path: str,
    status: int,
) -> None:
    answer = await api.request(method, path.format(**names), json=None if method == "GET" else {})
    assert answer.status_code == status
    assert _complaints(registry, template, method, status, answer.json()) == []


async def test_the_refusal_of_an_account_without_teams_is_valid_by_the_vendors_schema(
    registry: "Registry[Any]", api: httpx.AsyncClient
) -> None:
    answer = await api.get("/incidents", params={"team_ids[]": "PNOBODY"})
    assert answer.status_code == 402
    assert _complaints(registry, "/incidents", "GET", 402, answer.json()) == []


async def test_the_comparison_finds_a_wrong_answer(
    registry: "Registry[Any]", api: httpx.AsyncClient, names: dict[str, str]
) -> None:
    answer = (await api.get(f"/incidents/{names['incident']}")).json()
    answer["incident"]["status"] = "closed"
    answer["incident"]["created_at"] = "yesterday"
    assert len(_complaints(registry, "/incidents/{id}", "GET", 200, answer)) == 2


FORMATS = FormatChecker(formats=())
"""jsonschema itself checks times only where one more package is installed, and says nothing where it is not."""


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _complaints(registry: "Registry[Any]", template: str, method: str, status: int, answer: object) -> list[str]:
    place = f"urn:pagerduty#/paths/{template.replace('/', '~1')}/{method.lower()}/responses/{status}"
    found = registry.resolver().lookup(place)
    while "$ref" in found.contents:
        found = found.resolver.lookup(found.contents["$ref"])
    schema = found.contents["content"]["application/json"]["schema"]
    validator = Draft202012Validator(
        {"$id": "urn:pagerduty:answer", **_absolute(schema)},
        registry=registry,
        format_checker=FORMATS,
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]


def _absolute(schema: Any) -> Any:
    """Return the schema with references that lead into the whole document."""
    if isinstance(schema, dict):
        return {key: f"urn:pagerduty{value}" if key == "$ref" else _absolute(value) for key, value in schema.items()}
    return [_absolute(item) for item in schema] if isinstance(schema, list) else schema


@cache
def _registry(path: str) -> "Registry[Any]":
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    _allow_any_channel(document)
    _allow_null(document)
    empty: Registry[Any] = Registry()
    filled: Registry[Any] = empty.with_resource("urn:pagerduty", DRAFT202012.create_resource(document))
    return filled


def _allow_any_channel(document: Any) -> None:
    """Let a channel fit several of its forms: nothing in the document tells them apart, nor in its own examples."""
    channel = document["components"]["schemas"]["Channel"]
    channel["anyOf"] = channel.pop("oneOf")


def _allow_null(schema: Any) -> None:
    """Let every field that is not required be null: the vendor's rule, which the document does not repeat.

    It changes fields in place so that references through them stay good.
    """
    if isinstance(schema, list):
        for item in schema:
            _allow_null(item)
    if not isinstance(schema, dict):
        return
    for value in schema.values():
        _allow_null(value)
    fields = schema.get("properties")
    if isinstance(fields, dict):
        required = schema.get("required") if isinstance(schema.get("required"), list) else []
        for name in fields.keys() - set(required or []):
            fields[name] = _nullable(fields[name])


def _nullable(field: Any) -> Any:
    if not isinstance(field, dict):
        return field
    if isinstance(kind := field.get("type"), str):
        enum = {"enum": [*field["enum"], None]} if "enum" in field else {}
        return field | {"type": [kind, "null"]} | enum
    if "oneOf" in field:
        return field | {"oneOf": [*field["oneOf"], {"type": "null"}]}
    return {"anyOf": [field, {"type": "null"}]}
