"""When the condition of an alert began to hold: by its rule's own expression, since `for:` delays the page."""

from collections.abc import Iterable, Mapping

from noctuary.prometheus.client import AlertingRule
from noctuary.sources.metrics.answers import Point, Series

LOOK_BACK_S = 6 * 3600.0
"""Nobody waits longer than this with `for:`; what holds for longer began before the incident."""
GAP_STEPS = 2
"""Points that may be missing within a time that holds: a scrape that failed ends no alert."""


def rule_of(rules: Iterable[AlertingRule], name: str, labels: Mapping[str, str]) -> AlertingRule | None:
    """Return the rule that an alert is of; of several with one name that whose own labels fit best."""
    named = [rule for rule in rules if rule.name == name]
    return max(named, key=lambda rule: len(rule.labels.items() & labels.items()), default=None)


def began_to_hold(
    found: Iterable[Series], labels: Mapping[str, str], rule: AlertingRule, opened_at: float, step_s: float
) -> float | None:
    """Return since when the series of an alert were there without a gap when it opened; None where they were not.

    A rule without an own comparison holds wherever it finds anything, as Prometheus takes it.
    """
    ends = opened_at + step_s
    begins = [
        begin
        for series in found
        if _is_of(series.labels, labels, rule)
        if (begin := _run_before(series.points, ends, step_s)) is not None
    ]
    return min(begins, default=None)


def _is_of(series: Mapping[str, str], labels: Mapping[str, str], rule: AlertingRule) -> bool:
    """Tell whether a series is of the alert: its labels, but for the rule's own, are the alert's."""
    own = {name: value for name, value in series.items() if name not in ("__name__", *rule.labels)}
    return all(labels.get(name, value) == value for name, value in own.items())


def _run_before(points: list[Point], ends: float, step_s: float) -> float | None:
    times = [at for at, _ in points if at <= ends]
    if not times or ends - times[-1] > (GAP_STEPS + 1) * step_s:
        return None
    begin = times[-1]
    for at in reversed(times[:-1]):
        if begin - at > (GAP_STEPS + 1) * step_s:
            break
        begin = at
    return begin
