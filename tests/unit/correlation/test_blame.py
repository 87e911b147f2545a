from typing import NamedTuple

import pytest

from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import CauseKind, PodView, Relation, ServiceView, Verdict
from testbed.correlation_world import (
    LABELLED,
    ONSET,
    OWN,
    diagnose,
    event,
    failing_probe,
    fault,
    killed,
    named,
    node,
    pod,
    posted,
    rollout,
)


class Case(NamedTuple):
    sentence: str
    events: list[ContextEvent]
    blamed: str
    pods: list[PodView] | None = None


CASES = [
    Case(
        "a rollout whose pods crash is to blame",
        [rollout(120), fault(100), fault(95, pod=1)],
        "rollout pay new",
    ),
    Case(
        "an innocent younger rollout elsewhere is not named",
        [rollout(300), fault(280), rollout(30, "x", "search-api")],
        "rollout pay new",
    ),
    Case("a rollout after the onset is not blamed", [rollout(-60)], "nothing_relevant"),
    Case(
        "a fault older than the rollout is not its fault",
        [fault(900, template="old", last=0), rollout(120)],
        "crash_loop pay",
    ),
    Case(
        "a fault of the old template is not the new rollout's",
        [rollout(120), fault(60, template="old")],
        "crash_loop pay",
    ),
    Case("a rollout with ready pods is possible", [rollout(120)], "rollout pay new", [pod("new"), pod("new", 1)]),
    Case("a rollout of unknown health is possible", [rollout(120)], "rollout pay new"),
    Case(
        "a rollout that was replaced before the alert is not blamed",
        [rollout(1200, "bad"), fault(1100, template="bad", last=620), rollout(600, "good")],
        "nothing_relevant",
        [pod("good")],
    ),
    Case(
        "several pods on one bad node are the node's fault",
        [node(200), fault(180, "Unhealthy", "old", 0, node="node-7"), fault(170, "Unhealthy", "old", 1, node="node-7")],
        "node node-7",
    ),
    Case(
        "pods that fail on good nodes too are not the node's fault",
        [rollout(300), node(200), fault(180, pod=0, node="node-7"), fault(170, pod=1, node="node-8")],
        "rollout pay new",
    ),
    Case(
        "a dependency's bad rollout is to blame",
        [rollout(200, "p2", "postgres"), fault(150, template="p2", workload="postgres")],
        "rollout postgres p2",
    ),
    Case(
        "the own bad rollout weighs more than a dependency's healthy one",
        [rollout(200), fault(150), rollout(60, "p2", "postgres")],
        "rollout pay new",
    ),
    Case(
        "out of memory stands alone",
        [fault(100, "OOMKilled", "old"), fault(90, template="old")],
        "out_of_memory pay",
    ),
    Case(
        "an image that cannot be pulled stands alone",
        [fault(100, "ImagePullBackOff", "old")],
        "image_pull pay",
    ),
    Case(
        "a missing ConfigMap stands alone",
        [fault(100, "CreateContainerConfigError", "old", facts={details.MISSING_NAME: "flags"})],
        "missing_configuration pay",
    ),
    Case("no room on any node stands alone", [fault(100, "FailedScheduling", "old")], "unschedulable pay"),
    Case(
        "pods over quota stand alone",
        [
            event(
                "Deployment", "pay", EventType.SATURATION, 100, {details.REASON: "FailedCreate", details.QUOTA: "small"}
            )
        ],
        "refused pay",
    ),
    Case(
        "pods over quota after a rollout are the rollout's",
        [rollout(120), event("Deployment", "pay", EventType.SATURATION, 100, {details.REASON: "FailedCreate"})],
        "rollout pay new",
    ),
    Case(
        "a container that its liveness probe ends fails the probe",
        [killed(100, "137"), failing_probe(90, "liveness")],
        "probe pay",
    ),
    Case(
        "a container that ends by itself answers no probe",
        [failing_probe(100, "readiness"), killed(90, "1")],
        "crash_loop pay",
    ),
    Case(
        "a liveness probe leads over the readiness of the same pods",
        [failing_probe(100, "readiness"), failing_probe(90, "liveness"), killed(80, "137")],
        "probe pay",
    ),
    Case(
        "a probe that failed only while its pod started is no fault",
        [fault(97, "Unhealthy", facts={details.PROBE: "readiness"})],
        "nothing_relevant",
        [pod("new", age=98)],
    ),
    Case(
        "a probe that fails long after the start of a pod is the rollout's",
        [rollout(900), fault(700, "Unhealthy", facts={details.PROBE: "readiness"})],
        "rollout pay new",
        [pod("new", ready=False, age=890)],
    ),
    Case(
        "a probe that failed at the start of a pod that never became ready is the rollout's",
        [rollout(100), fault(97, "Unhealthy", facts={details.PROBE: "readiness"})],
        "rollout pay new",
        [pod("new", ready=False, age=98)],
    ),
    Case(
        "a liveness probe that ended its container while the pod started is no passing trouble",
        [failing_probe(97, "liveness"), killed(95, "137")],
        "probe pay",
        [pod("old", age=98, restarts=1)],
    ),
    Case(
        "a readiness probe ends no container",
        [killed(100, "143"), failing_probe(90, "readiness")],
        "crash_loop pay",
    ),
    Case(
        "a missing Secret after a rollout is the rollout's",
        [rollout(120), fault(100, "CreateContainerConfigError", facts={details.MISSING_NAME: "db"})],
        "rollout pay new",
    ),
    Case(
        "a change of configuration is possible",
        [posted(EventType.CONFIG_CHANGE, 120)],
        "change pay",
    ),
    Case("added replicas explain nothing", [posted(EventType.SCALE_EVENT, 120)], "nothing_relevant"),
    Case("a posted rollout explains faults after it", [posted(EventType.DEPLOY, 120), fault(90)], "rollout pay"),
    Case(
        "another tenant's event of the same name is not ours",
        [posted(EventType.DEPLOY, 120, tenant="other")],
        "never_seen",
    ),
    Case("another namespace's workload of the same name is not ours", [rollout(120, namespace="other")], "never_seen"),
    Case(
        "an image that could not be pulled long before the lookback and still cannot is named",
        [fault(3 * 3600, "ImagePullBackOff", "old", last=0)],
        "image_pull pay",
    ),
    Case("a node in trouble with healthy pods is possible", [node(200)], "node node-7", [pod("old", on="node-7")]),
    Case("a node in trouble without our pods is not named", [node(200)], "nothing_relevant", [pod("old", on="node-8")]),
    Case("nothing ever seen is said so", [], "never_seen"),
    Case("pods without a change are nothing relevant", [], "nothing_relevant", [pod("old")]),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_is_blamed(case: Case) -> None:
    assert named(diagnose(case.events, case.pods)) == case.blamed


def test_what_was_seen_long_ago_makes_nothing_relevant() -> None:
    assert diagnose([], last_event_at=ONSET - 86400).verdict is Verdict.NOTHING_RELEVANT


def test_the_fault_of_a_rollout_is_its_symptom_and_no_cause_of_its_own() -> None:
    diagnosis = diagnose([rollout(120), fault(100), fault(99, pod=1)])
    assert len(diagnosis.causes) == 1
    assert diagnosis.causes[0].faults[0].pods == ["pay-new-0", "pay-new-1"]


def test_a_crash_loop_of_pods_that_ran_out_of_memory_is_one_fault() -> None:
    diagnosis = diagnose([fault(100, "OOMKilled"), fault(90)])
    assert [cause.faults[0].kind for cause in diagnosis.causes] == ["out_of_memory"]


def test_a_selector_takes_all_workloads_that_it_matches() -> None:
    events = [
        rollout(120, "w", "pay-worker", labels={"app": "payments"}),
        fault(100, template="w", workload="pay-worker", labels={"app": "payments"}),
        rollout(30, "s", "search", labels={"app": "search"}),
    ]
    diagnosis = diagnose(events, services=[LABELLED])
    assert named(diagnosis) == "rollout pay-worker w"
    assert not diagnosis.set_aside


def test_at_most_three_causes_are_named() -> None:
    services = [OWN, *(ServiceView(f"s{n}", Relation.DEPENDENCY, "team", ["payments"]) for n in range(5))]
    events = [rollout(120), fault(100), *(fault(100, "OOMKilled", "old", workload=f"s{n}") for n in range(5))]
    assert len(diagnose(events, services=services, minimum_score=0.0).causes) == 3


def test_below_the_minimum_nothing_is_blamed_but_the_weak_ones_are_kept() -> None:
    diagnosis = diagnose([rollout(120)], minimum_score=0.9)
    assert (diagnosis.verdict, len(diagnosis.weak)) == (Verdict.NOTHING_RELEVANT, 1)


def test_a_rollout_with_symptoms_is_likely_and_one_without_is_possible() -> None:
    with_symptoms = diagnose([rollout(120), fault(100)]).causes[0]
    without = diagnose([rollout(120)]).causes[0]
    assert (counts_as_likely(without), counts_as_likely(with_symptoms)) == (False, True)


def test_a_score_is_the_sum_of_its_terms() -> None:
    cause = diagnose([rollout(120), fault(100)]).causes[0]
    assert cause.score == pytest.approx(sum(term.value for term in cause.terms))
    assert all(term.why for term in cause.terms)


def test_a_node_with_one_of_five_pods_and_no_faults_comes_after_a_bad_rollout() -> None:
    pods = [pod("new", i, ready=False, on="node-7" if i == 0 else "n") for i in range(5)]
    diagnosis = diagnose([rollout(200), fault(150, node="n"), node(400)], pods)
    assert [cause.kind for cause in diagnosis.causes] == [CauseKind.ROLLOUT, CauseKind.NODE]
    assert diagnosis.causes[1].why == "1 of 5 pods of pay is on it (1 not ready)"


@pytest.mark.parametrize(("elsewhere_ready", "is_likely"), [(True, True), (False, False)])
def test_a_node_is_likely_to_blame_when_only_pods_on_it_are_not_ready(
    *, elsewhere_ready: bool, is_likely: bool
) -> None:
    pods = [pod("old", 0, ready=False, on="node-7"), pod("old", 1, ready=elsewhere_ready, on="n")]
    (cause,) = diagnose([node(100)], pods).causes
    assert (cause.kind, counts_as_likely(cause)) == (CauseKind.NODE, is_likely)


def test_ready_pods_do_not_prove_a_rollout_innocent() -> None:
    (cause,) = diagnose([rollout(120)], [pod("new")]).causes
    assert (cause.why, not counts_as_likely(cause)) == ("its pods are ready, so only its behaviour can be wrong", True)


def test_a_ruled_out_rollout_is_kept_with_its_reason() -> None:
    (aside,) = diagnose([rollout(-60)]).set_aside
    assert aside.why == "it came after the alert began"


def test_the_same_world_in_any_order_gives_the_same_answer() -> None:
    events = [rollout(300), fault(280), fault(270, pod=1), node(200), rollout(60, "p2", "postgres")]
    assert named(diagnose(events)) == named(diagnose(events[::-1]))
