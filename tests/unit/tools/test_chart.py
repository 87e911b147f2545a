"""What the chart promises without Helm: nothing made is stale, nothing named does not exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic_settings import BaseSettings

from hack.chart.crds import crd_template
from hack.chart.dashboard import dashboard
from hack.chart.generate import generated, stale
from hack.chart.paths import CHART, ROOT, SCENARIOS
from hack.chart.readme import documented_values
from hack.chart.tools import kubernetes_version
from noctuary.common.metrics import Metrics
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.settings import OperatorSettings
from webhook_receiver.settings import ReceiverSettings

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
SETTINGS = {
    "operator-deployment.yaml": OperatorSettings,
    "receiver-statefulset.yaml": ReceiverSettings,
    "cleanup.yaml": CleanupSettings,
}
FREE_FORM = {"global", "affinity"}
"""Objects whose form is Kubernetes' or another chart's to say."""
KUBELET_METRICS = {"kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"}


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of an object, with the path of its value."""
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("type") == "object":
        yield path, schema
    for key, child in schema.get("properties", {}).items():
        yield from leaves(child, f"{path}.{key}".lstrip("."))


def undocumented(values: dict[str, Any], documented: set[str], path: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if here in documented:
            continue
        found += undocumented(value, documented, here) if isinstance(value, dict) and value else [here]
    return found


def exported_metrics() -> set[str]:
    families = [*Metrics().registry.collect(), *OperatorMetrics().registry.collect()]
    suffixes = {"counter": "_total", "histogram": "_bucket"}
    return {family.name + suffixes.get(family.type, "") for family in families}


def test_nothing_that_is_made_from_other_files_is_stale() -> None:
    assert stale(generated()) == [], "run `make chart-generate`"


def test_every_value_is_documented_in_place() -> None:
    assert undocumented(VALUES, {each.path for each in documented_values()}) == []


def test_the_readme_shows_the_default_of_a_nested_value() -> None:
    found = {each.path: each for each in documented_values()}
    assert found["receiver.persistence.size"].default == "5Gi"
    assert found["watchNamespaces"].text.endswith("Nodes are not seen then.")


def test_the_schema_is_closed_everywhere() -> None:
    open_objects = [path for path, schema in leaves(SCHEMA) if schema.get("additionalProperties", True) is True]
    assert {path.rsplit(".", 1)[-1] for path in open_objects} <= FREE_FORM


def test_the_schema_knows_exactly_the_values_that_exist() -> None:
    described = {path for path, _ in leaves(SCHEMA)}
    for path, schema in leaves(SCHEMA):
        value = VALUES
        for key in filter(None, path.split(".")):
            value = value.get(key, {})
        if "properties" in schema and path.rsplit(".", 1)[-1] not in ("resources", "dnsConfig", *_probes()):
            assert set(schema["properties"]) == set(value), path or "root"
    assert "receiver.persistence" in described


def _probes() -> tuple[str, ...]:
    return ("livenessProbe", "readinessProbe", "startupProbe")


@pytest.mark.parametrize("path", [CHART / "values.yaml", *sorted(SCENARIOS.glob("*.yaml"))], ids=lambda path: path.stem)
def test_values_that_we_ship_pass_the_schema(path: Any) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(("template", "settings"), SETTINGS.items(), ids=list(SETTINGS))
def test_the_chart_sets_only_variables_that_the_program_reads(template: str, settings: type[BaseSettings]) -> None:
    helpers = (CHART / "templates" / "_helpers.tpl").read_text()
    named = re.findall(r"name: NOCTUARY_(\w+)", helpers + (CHART / "templates" / template).read_text())
    assert {name.lower() for name in named} - set(settings.model_fields) == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_speaks_of_metrics_that_are_exported(alert: dict[str, Any]) -> None:
    named = set(re.findall(r"(?:noctuary|kubelet)_[a-z_]+", alert["expr"]))
    assert named
    assert named - exported_metrics() - KUBELET_METRICS == set()


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    runbooks = (ROOT / "docs" / "operations" / "runbooks.md").read_text()
    assert re.findall(r"^## (\w+)$", runbooks, re.MULTILINE) == [alert["alert"] for alert in ALERTS]


def test_the_dashboard_draws_metrics_that_are_exported() -> None:
    queries = [target["expr"] for panel in json.loads(dashboard())["panels"] for target in panel["targets"]]
    named = set(re.findall(r"noctuary_[a-z_]+", " ".join(queries)))
    assert named - exported_metrics() == set()


@pytest.mark.parametrize(
    ("crd", "problem"),
    [
        ("metadata:\n  name: a\nspec:\n  text: '{{'\n", "read as a template"),
        ("spec: {}\n", "no metadata before its spec"),
        ("metadata:\n  name: a\n  labels: {a: b}\nspec: {}\n", "of its own"),
    ],
)
def test_a_crd_that_cannot_be_wrapped_is_refused_in_words(crd: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        crd_template("a.yaml", crd)


def test_helm_says_the_kubernetes_version_of_its_client() -> None:
    assert kubernetes_version("require (\n\tk8s.io/client-go v0.37.0 // indirect\n)\n") == ("1", "37")
