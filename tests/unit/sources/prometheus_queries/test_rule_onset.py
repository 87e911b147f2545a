"""Since when the condition of an alert held, by the points of its rule's expression."""

import pytest

from noctuary.prometheus.client import AlertingRule
from noctuary.sources.metrics.answers import Series
from noctuary.sources.metrics.rule_onset import began_to_hold, rule_of

RULE = AlertingRule("HighErrors", "errors > 0.05", 300.0, {"severity": "page"})
LABELS = {"alertname": "HighErrors", "severity": "page", "namespace": "shop", "service": "web"}
OPENED = 6000.0


def held(*times: float, **labels: str) -> Series:
    return Series("", labels or {"namespace": "shop", "service": "web"}, [(at, 1.0) for at in times])


def every_minute(begin: int, end: int) -> list[float]:
    return [float(at) for at in range(begin, end, 60)]


CASES = [
    ("it held for five minutes before the page", [held(*every_minute(5640, 6060))], 5640.0),
    ("an earlier time that ended is another", [held(*every_minute(3000, 3600), *every_minute(5700, 6060))], 5700.0),
    ("a missing scrape ends nothing", [held(5640, 5700, 5880, 5940, 6000)], 5640.0),
    ("another service is not the alert's", [held(*every_minute(3000, 6060), namespace="shop", service="cart")], None),
    ("what ended before the page is not it", [held(*every_minute(3000, 5400))], None),
    ("nothing was found", [], None),
]


@pytest.mark.parametrize(("series", "began"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_onset_is_when_the_condition_began_to_hold(series: list[Series], began: float | None) -> None:
    assert began_to_hold(series, LABELS, RULE, OPENED, 60.0) == began


def test_of_rules_with_one_name_the_one_with_the_alerts_labels_is_meant() -> None:
    warning = AlertingRule("HighErrors", "errors > 0.01", 300.0, {"severity": "warning"})
    assert rule_of([warning, RULE], "HighErrors", LABELS) is RULE
    assert rule_of([warning], "Other", LABELS) is None
