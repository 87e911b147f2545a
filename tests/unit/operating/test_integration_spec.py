"""The pydantic models and the CRD say the same, and every field says what it is for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from noctuary.common.errors import InvalidInput
from noctuary.models.integration_spec import IntegrationSpec, duration_s, parse_spec

CRD = Path(__file__).resolve().parents[3] / "crds" / "pagerdutyintegrations.noctuary.io.yaml"
BOUNDS = ("type", "enum", "minLength", "maxLength", "pattern", "maxItems", "minimum", "maximum", "maxProperties")
IS_PATTERN = re.compile(r"self\.matches\(r'(.*)'\)")
MINIMAL = {
    "apiTokenSecretRef": {"name": "a", "key": "b"},
    "webhook": {"host": "x.example.com", "subscription": {"signingSecretRef": {"name": "s", "key": "k"}}},
}


def crd_schema() -> dict[str, Any]:
    schema = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return dict(schema["properties"])


def model_schema() -> dict[str, Any]:
    schema = IntegrationSpec.model_json_schema(by_alias=True)
    return dict(_resolved(schema, schema["$defs"]))


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    """Follow references and drop `or null`: an absent field is how a manifest says None."""
    if "$ref" in node:
        node = {**definitions[node["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in node.items() if k != "$ref"}}
    if "anyOf" in node:
        node = next(each for each in node["anyOf"] if each.get("type") != "null")
        return _resolved(node, definitions)
    if "const" in node:
        node = {**node, "enum": [node["const"]]}
    children = {
        key: {name: _resolved(child, definitions) for name, child in node[key].items()}
        for key in ("properties",)
        if key in node
    }
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            children[key] = _resolved(node[key], definitions)
    return {**node, **children}


def described(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from described(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from described(node[key], f"{path}.{key}")


def pattern_of(node: dict[str, Any]) -> dict[str, str]:
    """A pattern is a rule in the definition, since the API server shows a rule's words and a pattern's characters."""
    rules = [IS_PATTERN.fullmatch(each["rule"]) for each in node.get("x-kubernetes-validations", [])]
    found = next((rule[1] for rule in rules if rule is not None), None)
    return {} if found is None else {"pattern": found}


def facts(node: dict[str, Any]) -> dict[str, Any]:
    found = {key: node[key] for key in BOUNDS if key in node} | pattern_of(node)
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
    return {**found, "required": sorted(node.get("required", []))}


def test_models_and_definition_have_the_same_fields_types_enums_and_bounds() -> None:
    ours = {path: facts(node) for path, node in described(model_schema(), "spec")}
    theirs = {path: facts(node) for path, node in described(crd_schema()["spec"], "spec")}
    assert ours == theirs


def test_models_and_definition_have_the_same_scalar_defaults() -> None:
    scalars = ("string", "number", "boolean")

    def defaults(schema: dict[str, Any]) -> dict[str, Any]:
        nodes = described(schema, "spec")
        return {path: node["default"] for path, node in nodes if "default" in node and node["type"] in scalars}

    assert defaults(model_schema()) == defaults(crd_schema()["spec"])


@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_is_described_and_every_string_and_list_is_bounded(part: str) -> None:
    for path, node in described(crd_schema()[part], part):
        if not path.endswith(("items", "additionalProperties")):
            assert node["description"].endswith("."), path
        if node["type"] == "string":
            assert "maxLength" in node or "enum" in node, path
        if node["type"] == "array":
            assert "maxItems" in node, path


def test_no_default_stands_inside_a_list_item() -> None:
    inside = [path for path, node in described(crd_schema()["spec"], "spec") if ".items" in path and "default" in node]
    assert inside == []


def test_a_minimal_spec_gets_the_defaults() -> None:
    spec = parse_spec(MINIMAL)
    assert spec.webhook is not None
    assert (spec.direction, spec.webhook.route.type, spec.webhook.token.overlap) == ("bidirectional", "Ingress", "10m")
    assert spec.effective_api_url == "https://api.pagerduty.com"


@pytest.mark.parametrize(
    ("written", "url", "host", "port"),
    [
        ("https://API.pagerduty.com:443/.", "https://api.pagerduty.com", "api.pagerduty.com", 443),
        ("http://Proxy.corp//pd/", "http://proxy.corp/pd", "proxy.corp", 80),
        ("https://proxy.corp:8443", "https://proxy.corp:8443", "proxy.corp", 8443),
    ],
)
def test_the_spelling_of_an_api_url_decides_nothing(written: str, url: str, host: str, port: int) -> None:
    spec = parse_spec({**MINIMAL, "apiURL": written})
    assert (spec.effective_api_url, spec.api_host, spec.api_port) == (url, host, port)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (None, "spec"),
        ({"apiURL": "https://api.pagerduty.com:99999"}, "spec.apiURL"),
        ({"apiURL": "https://api.pagerduty.com:0"}, "spec.apiURL"),
        ({"apiURL": "https://.."}, "spec.apiURL"),
        ({"direction": "up"}, "spec.direction"),
        ({"webhook": {"host": "X", "subscription": {}}}, "spec.webhook.host"),
        ({"services": [{"name": ""}]}, "spec.services.0.name"),
    ],
)
def test_a_spec_that_cannot_be_read_names_the_field(raw: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_spec(raw)
    assert refused.value.field == field


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\x0b", "\x85"])
def test_an_address_that_the_schema_takes_is_read(blank: str) -> None:
    assert parse_spec({**MINIMAL, "from": f"bot{blank}x@example.com"}).from_email is not None


def test_an_unknown_field_of_a_later_version_is_ignored() -> None:
    assert parse_spec({**MINIMAL, "later": {"x": 1}}) == parse_spec(MINIMAL)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("10m", 600), ("1h30m", 5400), ("2160h", 7_776_000), ("1h1m1s", 3661)]
)
def test_durations_are_read_in_seconds(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds
