"""What the alerts of an incident name, in the forms in which alerting systems send it."""

from typing import Any

import pytest

from noctuary.models.evidence import AlertTarget
from noctuary.pagerduty.alert_labels.registry import MAX_TARGETS, targets_of
from noctuary.pagerduty.objects import Alert, AlertBody
from tests.unit.pagerduty.alert_labels import alertmanager_cases, other_cases
from tests.unit.pagerduty.alert_labels.alertmanager_cases import API, API_POD, CRASH, REPLICAS, text

CASES = alertmanager_cases.CASES | other_cases.CASES


def alert(details: Any, event: Any = None) -> Alert:
    return Alert(id="A1", summary="Errors", body=AlertBody(details, event))


@pytest.mark.parametrize(("details", "named"), CASES.values(), ids=CASES)
def test_an_alert_names_what_its_labels_name(details: Any, named: list[AlertTarget]) -> None:
    assert targets_of([alert(details)]) == named


@pytest.mark.parametrize(
    "event",
    [{"details": text(CRASH)}, {"details": text(CRASH)["firing"]}, {"details": None, "namespace": "payments"} | CRASH],
)
def test_details_stand_in_the_event_where_the_alert_has_none(event: Any) -> None:
    assert targets_of([alert(None, event)]) == [API_POD]


def test_the_component_of_an_event_is_the_last_word() -> None:
    event = {"source_component": "checkout", "source_origin": "node-7", "client": "x"}
    assert targets_of([alert({"tried": "1"}, event)]) == [AlertTarget(service="checkout", node="node-7")]
    assert targets_of([alert(text(REPLICAS), event)]) == [API]


def test_all_alerts_of_an_incident_are_read_and_none_is_named_twice() -> None:
    alerts = [alert(None), Alert(id="A2"), alert(text(CRASH)), alert(text(CRASH)), alert(text(REPLICAS))]
    assert targets_of(alerts) == [API_POD, API]


def test_of_a_storm_only_so_many_things_are_named() -> None:
    many = [alert({"namespace": "payments", "pod": f"api-{number}"}) for number in range(2 * MAX_TARGETS)]
    assert len(targets_of(many)) == MAX_TARGETS


def test_a_text_of_half_a_megabyte_is_read_as_far_as_its_bound() -> None:
    long = " - name = value\n" * 30_000
    assert targets_of([alert({"firing": text(CRASH)["firing"] + long})]) == [API_POD]
    assert targets_of([alert({"firing": long + text(CRASH)["firing"]})]) == []
