"""What the schema of the chart's values takes and refuses, and what Chart.yaml, NOTES and pages say of the chart."""

import base64
import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from hack.chart.paths import CHART, ROOT

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
CHART_FILE: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
TAKEN: list[tuple[str, Any]] = [
    ("global.imageRegistry", "mirror.example.com:5000/team"),
    ("global.imagePullSecrets", ["name", {"name": "object"}]),
    ("global.somebodyElses", {"any": "thing"}),
    ("image.registry", "registry.example.com"),
    ("commonAnnotations", {"example.com/owner": "platform"}),
    ("extraObjects", [{"apiVersion": "v1", "kind": "ConfigMap"}, "kind: ConfigMap"]),
    ("receiver.persistence.existingClaim", "store.mine"),
    ("operator.hostAliases", [{"ip": "2001:db8::7", "hostnames": ["a.example.com"]}]),
    ("operator.dnsConfig", {"searches": ["svc.cluster.local"], "options": [{"name": "rotate"}]}),
    ("receiver.dnsPolicy", "None"),
    ("receiver.runtimeClassName", "gvisor"),
    ("metrics.serviceMonitor.scrapeTimeout", "10s"),
    ("metrics.podMonitor.relabelings", [{"action": "labeldrop", "regex": "pod"}]),
    ("metrics.dashboard.namespace", "monitoring"),
    ("metrics.prometheusRule.runbookURLPrefix", "https://docs.example.com/runbooks/#"),
    ("metrics.prometheusRule.runbookURLPrefix", "docs/operations/runbooks.md#"),
    ("policy.webhookHosts", ["Noctuary.Example.com"]),
    ("sharedRoute.host", "Noctuary.Example.com"),
    ("rbac.aggregate.edit", "auto"),
]
REFUSED: list[tuple[str, Any]] = [
    ("global.imageRegistry", "https://mirror.example.com"),
    ("global.imagePullSecrets", [{"secret": "name"}]),
    ("image.registry", "registry example"),
    ("commonAnnotations", {"example.com/weight": 1}),
    ("extraObjects", [{"metadata": {"name": "no kind"}}]),
    ("extraObjects", {"kind": "ConfigMap"}),
    ("receiver.persistence.existingClaim", "Store_1"),
    ("operator.hostAliases", [{"ip": "203.0.113.7"}]),
    ("operator.hostAliases", [{"ip": "a.example.com", "hostnames": ["b"]}]),
    ("operator.dnsConfig", {"nameserver": ["203.0.113.7"]}),
    ("receiver.dnsConfig", {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]}),
    ("receiver.dnsPolicy", "none"),
    ("receiver.runtimeClassName", "gVisor"),
    ("metrics.serviceMonitor.scrapeTimeout", "10"),
    ("metrics.serviceMonitor.namespace", "Monitoring"),
    ("metrics.serviceMonitor.relabelings", {"action": "labeldrop"}),
    ("metrics.podMonitor.metricRelabelings", ["labeldrop"]),
    ("metrics.prometheusRule.namespace", "*"),
    ("metrics.dashboard.namespace", "a b"),
    ("metrics.prometheusRule.runbookURLPrefix", "docs.example.com/runbooks/#"),
    ("sharedRoute.host", "https://noctuary.example.com"),
    ("rbac.aggregate.edit", "yes"),
    ("rbac.aggregate.owner", True),
]


def errors(path: str, value: Any) -> list[str]:
    """What the schema says of one value."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(value)]


@pytest.mark.parametrize(("path", "value"), TAKEN, ids=str)
def test_a_value_that_kubernetes_would_take_is_taken(path: str, value: Any) -> None:
    assert errors(path, value) == []


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=str)
def test_a_value_that_would_fail_later_is_refused_at_once(path: str, value: Any) -> None:
    assert errors(path, value) != []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_a_description_speaks_only_of_labels_that_its_alert_has(alert: dict[str, Any]) -> None:
    kept = re.findall(r"by \(([^)]*)\)", alert["expr"])
    assert set(re.findall(r"\$labels\.(\w+)", alert["description"])) <= {
        label for group in kept for label in group.split(", ")
    }
    assert len(alert["description"]) > len("Look there.")


def test_the_chart_names_nobody_but_the_project() -> None:
    assert CHART_FILE["maintainers"] == [{"name": "Noctuary for Kubernetes"}]


def test_the_chart_shows_an_icon_of_ours_that_needs_no_host() -> None:
    kind, _, data = CHART_FILE["icon"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == (CHART / "icon.svg").read_bytes()


def test_the_notes_and_the_upgrade_page_keep_values_by_the_same_flag() -> None:
    texts = [(CHART / "templates" / "NOTES.txt").read_text(), (ROOT / "docs" / "upgrade.md").read_text()]
    commands = [line for text in texts for line in text.splitlines() if line.strip().startswith("helm upgrade")]
    assert len(commands) >= 3
    assert [line for line in commands if "--reset-then-reuse-values" not in line] == []
