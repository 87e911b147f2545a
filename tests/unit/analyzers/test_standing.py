"""What stands wrong in specs: a cause of its own, the symptom of what was written or rolled out then, or background."""

import pytest

from noctuary.correlation.score import LIKELY_SCORE
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import PodView
from testbed.correlation_world import ONSET, diagnose, event, fault, named, pod, rollout

READY = [pod("old", 0), pod("old", 1)]
MIND = "ServiceSelectsNothing"


def standing(
    at: float, name: str = "pay", *, service: str = "pay", reason: str = MIND, workload: str = ""
) -> ContextEvent:
    """Build what stands wrong in a Service since so long before the onset, and is seen now."""
    facts = {details.REASON: reason, details.BACKEND: name, details.TEMPLATE_HASH: "new" if workload else ""}
    made = event("Service", name, EventType.DEPENDENCY_FAILURE, at, facts, workload=service, last=-30)
    kind = "Deployment" if workload else ""
    return _about(made, ObjectRef("Service", "payments", name, workload_kind=kind, workload_name=workload))


def written(at: float, name: str = "pay", *, kind: str = "Service") -> ContextEvent:
    """Build a watched change of a Service."""
    made = event(kind, name, EventType.CONFIG_CHANGE, at, {}, workload="pay", new_value="selector")
    return _about(made, ObjectRef(kind, "payments", name))


def _about(made: ContextEvent, ref: ObjectRef) -> ContextEvent:
    made.object = ref
    return made


@pytest.mark.parametrize(
    ("events", "first"),
    [
        ([standing(120)], "empty_service pay"),
        ([standing(120), written(121)], "change pay"),
        ([standing(120), written(900)], "empty_service pay"),
        ([standing(120), written(120, "other")], "empty_service pay"),
        ([standing(120, workload="pay"), rollout(120)], "rollout pay new"),
        ([standing(2000), rollout(120)], "empty_service pay"),
        ([standing(120, reason="ServiceTargetPortUnknown")], "service_port pay"),
    ],
    ids=["alone", "with the write that made it", "long after another write", "beside another object's write",
         "with the rollout that made it", "long before a rollout", "a port"],
)  # fmt: skip
def test_the_first_cause_of_what_stands_wrong_is(events: list[ContextEvent], first: str) -> None:
    found = diagnose(events, READY)
    assert named(found) == first
    assert found.causes[0].score >= LIKELY_SCORE


def test_a_write_is_told_with_what_does_not_work_since() -> None:
    (cause,) = diagnose([standing(120), written(121)], READY).causes
    assert [each.kind for each in cause.faults] == ["empty_service"]
    assert cause.why == "as it was written then, it does not work"


def test_what_stands_so_for_days_is_background() -> None:
    found = diagnose([standing(3 * 86400)], READY)
    assert (found.causes, [each.kind for each in found.background]) == ([], ["empty_service"])


def test_callers_that_fail_follow_from_a_dependencys_service_that_leads_nowhere() -> None:
    broken = standing(120, "postgres", service="postgres", workload="")
    failing = fault(100, "Unhealthy", "old", facts={details.PROBE: "readiness"}, last=0)
    down: list[PodView] = [pod("old", 0, ready=False)]
    found = diagnose([broken, failing], down)
    assert named(found) == "empty_service postgres"
    assert [each.kind for each in found.causes[0].faults] == ["empty_service", "probe"]


def test_a_crash_of_pods_follows_from_the_address_that_they_cannot_call() -> None:
    called = fault(120, "AddressServiceMissing", "new", facts={details.ADDRESS: "db:1"}, last=0)
    found = diagnose([called, fault(110, last=0)], [pod("new", 0, ready=False)])
    assert [each.kind for each in found.causes[0].faults] == ["unknown_address"]


def test_that_no_pod_behind_a_service_is_ready_follows_from_what_ails_them() -> None:
    nobody = event(
        "Deployment", "pay", EventType.DEPENDENCY_FAILURE, 120, {details.REASON: "ServiceHasNoReadyPod"}, last=0
    )
    found = diagnose([nobody, fault(110, template="old", last=0)], [pod("old", 0, ready=False)])
    assert [each.kind for each in found.causes[0].faults] == ["crash_loop"]
    assert ONSET - nobody.timestamp == 120
