"""When a flag, a configuration or a schema that another system changed stands before pods that fail."""

from typing import NamedTuple

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Cause, PodView, Relation, ServiceView
from testbed.correlation_world import OWN, diagnose, fault, named, pod, posted, ranked, rollout, scaling

CRASHES = [fault(140, template="old", pod=number, last=0) for number in (0, 1)]
FAILING = [pod("old", number, ready=False) for number in (0, 1)]
PAY = [OWN]
DOUBTED = posted(EventType.SCHEMA_CHANGE, 150, confidence=0.6)
APP = {"app": "pay"}
LABELLED = ServiceView("pay", Relation.OWN, "team", ["payments"], APP)
LABELLED_CRASHES = [fault(140, template="old", pod=number, last=0, labels=APP) for number in (0, 1)]
SCHEMA = posted(EventType.SCHEMA_CHANGE, 150)
FAULT, SETTING = "crash_loop pay", "change pay"


class Case(NamedTuple):
    sentence: str
    events: list[ContextEvent]
    blamed: str
    pods: list[PodView] = FAILING
    services: list[ServiceView] = PAY


CASES = [
    Case("all pods of a version that ran fail since", [SCHEMA, *CRASHES], SETTING),
    Case("other pods of the version are ready", [SCHEMA, *CRASHES], FAULT, [*FAILING, pod("old", 2)]),
    Case("it was changed long before", [posted(EventType.SCHEMA_CHANGE, 900), *CRASHES], FAULT),
    Case("it was changed after they failed", [posted(EventType.SCHEMA_CHANGE, 100), *CRASHES], FAULT),
    Case("its teller doubts it", [posted(EventType.SCHEMA_CHANGE, 150, confidence=0.4), *CRASHES], FAULT),
    Case("it is another service's", [posted(EventType.SCHEMA_CHANGE, 150, service="postgres"), *CRASHES], FAULT),
    Case("a rollout explains them", [rollout(160, "old"), SCHEMA, *CRASHES], "rollout pay old"),
    Case(
        "another workload of the service was rolled out, and is well",
        [rollout(200, "new", "worker", labels=APP), SCHEMA, *LABELLED_CRASHES],
        SETTING,
        [*(pod("old", n, ready=False, labels=APP) for n in (0, 1)), pod("new", workload="worker", labels=APP)],
        [LABELLED],
    ),
    Case(
        "its teller is not quite sure, and an older flag explains nothing",
        [
            posted(EventType.SCHEMA_CHANGE, 150, confidence=0.6),
            posted(EventType.FLAG_CHANGE, 500, entity="x"),
            *CRASHES,
        ],
        SETTING,
    ),
    Case(
        "it was taken back before the alert",
        [SCHEMA, posted(EventType.SCHEMA_CHANGE, 120, old_value="2", new_value="1"), *CRASHES],
        FAULT,
    ),
    Case(
        "the image cannot be pulled, which tells why",
        [SCHEMA, *(fault(140, "ErrImagePull", "old", number, last=0) for number in (0, 1))],
        "image_pull pay",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_a_setting_comes_before_the_pods_that_fail_since_and_is_never_likely(case: Case) -> None:
    found = diagnose(case.events, case.pods, services=case.services)
    assert named(found) == case.blamed
    assert case.blamed != SETTING or not counts_as_likely(found.causes[0])


def flag(name: str, at: float, new: str = "on") -> ContextEvent:
    old = "off" if new == "on" else "on"
    return posted(EventType.FLAG_CHANGE, at, entity=name, old_value=old, new_value=new)


BRIEF = [flag("brief", 300), flag("brief", 240, "off")]


@pytest.mark.parametrize(
    ("events", "order", "headlined"),
    [
        ([flag("old", 1500), *BRIEF], ["old", "brief"], []),
        ([flag("old", 900), flag("new", 100), *BRIEF], ["new", "old", "brief"], ["new"]),
        ([flag("before", 17), flag("after", -4)], ["before", "after"], ["before"]),
        ([flag("old", 1500), flag("after", -4)], ["old", "after"], []),
        ([*BRIEF, rollout(-3)], ["brief", ""], []),
        ([rollout(60), *BRIEF], ["", "brief"], [""]),
        (BRIEF, ["brief"], []),
    ],
    ids=["old", "two", "before and after", "long before and after", "rollout after", "rollout before", "alone"],
)
def test_what_holds_and_came_before_the_alert_is_ranked_first(
    events: list[ContextEvent], order: list[str], headlined: list[str]
) -> None:
    found = diagnose(events, [pod("new")])
    assert [entity_of(cause) for cause in ranked(found)] == order
    assert [entity_of(cause) for cause in found.causes[:1]] == headlined


def entity_of(cause: Cause) -> str:
    return cause.change.entity if cause.change is not None and cause.change.is_posted else ""


def test_a_setting_that_was_taken_back_says_so() -> None:
    (only,) = ranked(diagnose(BRIEF, [pod("new")]))
    assert only.why == "it was taken back 60 s later, 4 min before the alert"


def test_what_stops_the_service_as_the_alert_begins_goes_before_what_only_came_before_it() -> None:
    found = diagnose([flag("old", 1500), scaling(-3, "2", "0")], [])
    assert [cause.change.entity for cause in ranked(found) if cause.change is not None] == ["pay", "old"]
