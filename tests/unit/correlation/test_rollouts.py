"""When a rollout explains a fault, and when only the fault is named."""

import pytest

from noctuary.correlation.rollouts.pods import NONE_RUNS
from noctuary.correlation.score import counts_as_likely
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import CauseKind, PodView
from testbed.correlation_world import LABELLED, ONSET, Blame, diagnose, fault, named, pod, posted, ranked, rollout

MISSING = {details.MISSING_NAME: "settings", details.MISSING_KIND: "ConfigMap"}


CASES = [
    Blame(
        "a leak that shows after twenty-four minutes is no rollout's",
        [rollout(1500), fault(60, "OOMKilled", last=0)],
        "out_of_memory pay",
        is_likely=True,
    ),
    Blame(
        "a lowered memory limit is the cause also when memory runs out later",
        [rollout(1500, facts={details.CHANGED: "memory limit 512Mi -> 256Mi"}), fault(60, "OOMKilled", last=0)],
        "rollout pay new",
        is_likely=True,
    ),
    Blame(
        "a rollout a moment after the alert is at most possible",
        [rollout(-3), fault(-6, last=-20)],
        "rollout pay new",
        is_likely=False,
    ),
    Blame(
        "a version that was replaced by a third one just before the alert stays possible behind it",
        [rollout(400, "b"), rollout(100, "c")],
        "rollout pay c",
        is_likely=False,
        pods=[pod("c")],
    ),
    Blame(
        "a ConfigMap deleted after the version ran well is named alone",
        [rollout(900), fault(30, "CreateContainerConfigError", facts=MISSING, last=0)],
        "missing_configuration pay",
        is_likely=True,
    ),
    Blame(
        "pods that were never ready are the rollout's, however slowly they show it",
        [rollout(900), fault(400, facts={details.NEVER_READY: "1"}, last=0)],
        "rollout pay new",
        is_likely=True,
        pods=[pod("new", ready=False, created_at=ONSET - 890)],
    ),
    Blame(
        "a pod that came long after a rollout, and never was ready, is not the rollout's",
        [
            rollout(900),
            fault(30, "CreateContainerConfigError", facts={**MISSING, details.NEVER_READY: "1"}, last=0),
        ],
        "missing_configuration pay",
        is_likely=True,
        pods=[pod("new", ready=False, created_at=ONSET - 31)],
    ),
    Blame(
        "a pod that was never ready beside older ready ones of its template is not the rollout's",
        [rollout(900), fault(60, "ImagePullBackOff", facts={details.NEVER_READY: "1"}, pod=1, last=0)],
        "image_pull pay",
        is_likely=True,
        pods=[pod("new", 0, ready_changed_at=ONSET - 890), pod("new", 1, ready=False)],
    ),
    Blame(
        "crashes of a version that ran well are only possible",
        [rollout(3000), fault(30, last=0)],
        "crash_loop pay",
        is_likely=False,
    ),
    Blame(
        "a restart is not the cause of what its pods lack",
        [
            rollout(40, facts={details.RESTART: "1", details.CHANGED: "annotations"}),
            fault(35, "CreateContainerConfigError", facts=MISSING, last=0),
        ],
        "missing_configuration pay",
        is_likely=True,
    ),
    Blame(
        "of two releases in flight the one with a symptom is named",
        [rollout(20, "s", "search", labels={}), rollout(60), fault(50, last=0)],
        "rollout pay new",
        is_likely=True,
    ),
    Blame(
        "a fault of another kind before a rollout acquits nothing",
        [fault(900, "FailedMount", "old", last=100), rollout(120), fault(100, last=0)],
        "rollout pay new",
        is_likely=True,
    ),
    Blame(
        "a fault of the same kind that ended before a rollout acquits nothing",
        [fault(1200, template="old", last=1000), rollout(120), fault(100, last=0)],
        "rollout pay new",
        is_likely=True,
    ),
    Blame(
        "a fault of the same kind that lasted until a rollout shows that it is older",
        [fault(900, "OOMKilled", "old", last=118), rollout(120), fault(100, "OOMKilled", last=0)],
        "out_of_memory pay",
        is_likely=True,
    ),
    Blame(
        "a template that one pod runs is possible",
        [rollout(60, facts={details.STAGED: "1 of 3 pods; partition=2"})],
        "rollout pay new",
        is_likely=False,
        pods=[pod("old"), pod("new")],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_a_rollout_explains(case: Blame) -> None:
    diagnosis = diagnose(case.events, case.pods)
    is_likely = bool(diagnosis.causes) and counts_as_likely(diagnosis.causes[0])
    assert (named(diagnosis), is_likely) == (case.blamed, case.is_likely)


def test_what_is_rolled_out_after_the_alert_makes_the_cause_no_less_likely() -> None:
    before = [rollout(60), fault(50, last=-30)]
    scores = [diagnose(events).causes[0].score for events in (before, [*before, rollout(-60, "fixed")])]
    assert scores[0] == scores[1]


def test_a_restart_names_what_its_pods_read() -> None:
    facts = {details.RESTART: "1", details.READS: "ConfigMap settings"}
    (cause,) = diagnose([rollout(40, facts=facts)], [pod("new")]).causes
    assert cause.why == "see its ConfigMap settings"


NOTHING_READ = {details.RESTART: "1", details.READS_NOTHING: "1"}


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("r.test:5000/pay:latest", "see its image: latest may have moved"),
        ("r.test:5000/pay", "see its image: latest may have moved"),
        ("r.test/pay:main", "see its image: main may have moved"),
        ("r.test/pay:latest@sha256:0a", "see its logs"),
        ("r.test/pay:2.1", "see its logs"),
        ("", "see its logs"),
    ],
)
def test_a_restart_of_pods_that_read_nothing_points_to_a_tag_that_moves_else_to_their_logs(
    image: str, why: str
) -> None:
    restarted = rollout(40, facts=NOTHING_READ | {details.IMAGE: image, details.PREVIOUS_IMAGE: image})
    ready, crashing = diagnose([restarted], [pod("new")]), diagnose([restarted, fault(35, last=0)])
    assert [each.causes[0].why for each in (ready, crashing)] == [why, f"since its restart; {why}"]


def test_a_changed_checksum_tells_of_configuration_whatever_the_template_names() -> None:
    facts = NOTHING_READ | {details.CONFIG_CHECKSUM: "1", details.IMAGE: "pay:latest"}
    (cause,) = diagnose([rollout(40, facts=facts)], [pod("new")]).causes
    assert cause.why == "see its ConfigMaps and Secrets"


def test_of_a_new_workload_the_fault_is_named_and_not_that_it_is_new() -> None:
    first = rollout(40)
    first.details = {details.IMAGE: "pay:1", details.TEMPLATE_HASH: "new"}
    diagnosis = diagnose([first, fault(30, "CreateContainerConfigError", facts=MISSING, last=0)])
    assert named(diagnosis) == "missing_configuration pay"


def test_a_first_rollout_with_ready_pods_is_weak() -> None:
    first = rollout(40)
    first.details = {details.IMAGE: "pay:1", details.TEMPLATE_HASH: "new"}
    diagnosis = diagnose([first], [pod("new")])
    assert (named(diagnosis), len(diagnosis.weak)) == ("nothing_relevant", 1)


def test_a_probe_counts_from_when_its_pod_became_unready() -> None:
    started = fault(290, "Unhealthy", facts={details.PROBE: "readiness"}, last=0)
    down = fault(60, "OOMKilled", "p", workload="postgres", last=0)
    pods = [pod("new", ready=False, ready_changed_at=ONSET - 50), pod("p", ready=False, workload="postgres")]
    diagnosis = diagnose([rollout(295), started, down], pods)
    assert (named(diagnosis), diagnosis.causes[0].faults[1].first) == ("out_of_memory postgres", ONSET - 50)


def test_how_long_the_version_had_run_well_is_told() -> None:
    diagnosis = diagnose([rollout(1500), fault(60, "OOMKilled", last=0)])
    assert diagnosis.ran_well_s == 1440
    assert [aside.why for aside in diagnosis.set_aside] == ["its pods ran well for 24 min before the fault began"]


def test_the_age_of_pods_tells_how_long_a_version_older_than_all_records_ran_well() -> None:
    diagnosis = diagnose([fault(60, "OOMKilled", "old", last=0)], [pod("old", ready=False, created_at=ONSET - 86_460)])
    assert diagnosis.ran_well_s == 86_400


@pytest.mark.parametrize("reason", ["CreateContainerConfigError", "FailedScheduling"])
def test_pods_beside_a_new_one_that_fails_tell_how_long_its_version_ran_well(reason: str) -> None:
    well = [pod("old", n, ready_changed_at=ONSET - 86_460 + n, created_at=ONSET - 86_470) for n in (1, 2)]
    failing = pod("old", 0, ready=False, created_at=ONSET - 70)
    assert diagnose([fault(60, reason, "old", last=0)], [*well, failing]).ran_well_s == 86_400 - 1


def test_a_restart_before_a_fault_says_that_something_outside_the_template_changed() -> None:
    events = [rollout(40, facts={details.RESTART: "1"}), fault(35, last=0)]
    assert diagnose(events).causes[0].why == "since its restart; see its ConfigMaps and Secrets"


def test_a_posted_deploy_lends_its_commit_to_the_rollout_that_it_is() -> None:
    events = [posted(EventType.DEPLOY, 90, sha="a4f2c1", vendor="argocd"), rollout(60), fault(50)]
    (cause,) = diagnose(events).causes
    assert cause.change is not None
    assert (cause.change.subject.name, cause.change.sha, cause.change.details["lent_by"]) == ("pay", "a4f2c1", "argocd")


def test_a_posted_deploy_lends_nothing_to_what_a_hand_did_after_it() -> None:
    events = [
        posted(EventType.DEPLOY, 400, sha="a4f2c1", vendor="argocd", actor="bot"),
        rollout(390, "good", actor="argocd-controller"),
        rollout(60, actor="kubectl-set"),
        fault(50, last=0),
    ]
    change = diagnose(events).causes[0].change
    assert change is not None
    assert (change.sha, change.actor) == (None, "kubectl-set")


def test_a_posted_deploy_lends_its_commit_to_each_workload_of_its_service_once() -> None:
    events = [
        posted(EventType.DEPLOY, 90, service="payments", sha="a4f2c1", vendor="argocd"),
        rollout(80, "a", "pay-api", labels={"app": "payments"}),
        rollout(70, "w", "pay-worker", labels={"app": "payments"}),
        rollout(20, "w2", "pay-worker", labels={"app": "payments"}),
    ]
    causes = ranked(diagnose(events, services=[LABELLED]))
    shas = {cause.change.details[details.TEMPLATE_HASH]: cause.change.sha for cause in causes if cause.change}
    assert (shas["a"], shas["w2"]) == ("a4f2c1", None)


def test_a_posted_deploy_replaces_no_deploy_of_another_thing() -> None:
    found = diagnose([posted(EventType.DEPLOY, 700, entity="db-operator"), posted(EventType.DEPLOY, 500)])
    assert not found.set_aside
    assert {cause.change.entity for cause in ranked(found) if cause.change} == {"db-operator", "pay"}


def test_what_another_system_is_hardly_sure_of_weighs_hardly_anything() -> None:
    first = [
        ranked(diagnose([posted(EventType.DEPLOY, 90, confidence=confidence)]))[0] for confidence in (1.0, 0.5, 0.01)
    ]
    chances = [cause.probability or 0.0 for cause in first]
    assert chances == sorted(chances, reverse=True)
    assert max(chances[-1], first[-1].score) < 0.1


def test_of_two_releases_without_a_symptom_none_is_headlined() -> None:
    releases = [rollout(30), rollout(60, "p2", "postgres")]
    found = diagnose(releases, [pod("new"), pod("p2", workload="postgres")])
    assert (found.verdict, len(found.weak)) == ("nothing_relevant", 2)
    assert named(diagnose([*releases, fault(20, last=0)], [pod("new", ready=False)])) == "rollout pay new"


@pytest.mark.parametrize(
    ("serves", "said"), [(False, ("rollout postgres p2", True)), (True, ("rollout pay new", False))]
)
def test_a_dependency_that_is_down_comes_before_a_later_rollout_of_its_caller(
    *, serves: bool, said: tuple[str, bool]
) -> None:
    down = [rollout(400, "p2", "postgres"), fault(390, template="p2", workload="postgres", last=0)]
    felt = [rollout(60), fault(40, "Unhealthy", facts={details.PROBE: "readiness"}, last=0)]
    postgres = [pod("p2", ready=False, workload="postgres"), pod("p1", 1, ready=serves, workload="postgres")]
    diagnosis = diagnose([*down, *felt], [pod("new", ready=False), *postgres])
    assert (named(diagnosis), counts_as_likely(diagnosis.causes[0])) == said


def started(since: float = 270) -> PodView:
    """Build a pod of the new version that was made 270 s before the alert and is not ready."""
    return pod("new", ready=False, created_at=ONSET - 270, ready_changed_at=ONSET - since)


@pytest.mark.parametrize(
    ("beside", "is_likely"),
    [
        ([started()], True),
        ([started(100)], False),
        ([started(), pod("old", 1)], False),
        ([started(), pod("p", ready=False, workload="postgres")], False),
    ],
    ids=["never ready", "ready for a time", "old pods serve", "a dependency is not ready either"],
)
def test_a_rollout_is_likely_where_nothing_else_is_known_and_none_of_its_pods_was_ever_ready(
    *, beside: list[PodView], is_likely: bool
) -> None:
    (cause,) = diagnose([rollout(280)], beside).causes
    assert (cause.why, counts_as_likely(cause)) == ("its pod is not ready yet", is_likely)


@pytest.mark.parametrize(
    ("at", "blamed"), [(170, "rollout postgres p2"), (120, "crash_loop pay"), (190, "crash_loop pay")]
)
def test_what_callers_suffered_only_while_a_dependency_started_is_its_rollouts(at: float, blamed: str) -> None:
    exited = fault(at, "Error", "old", facts={details.RESTARTS: "1"})
    well = pod("old", restarts=1, ready_changed_at=ONSET - at + 20)
    diagnosis = diagnose(
        [rollout(180, "p2", "postgres"), exited],
        [well, pod("p2", workload="postgres", ready_changed_at=ONSET - 150)],
    )
    assert (named(diagnosis), not counts_as_likely(diagnosis.causes[0])) == (blamed, True)


def test_a_canary_of_which_no_pod_is_left_says_so() -> None:
    canary = rollout(1200, facts={details.PREVIOUS_TEMPLATE_HASH: "old"})
    assert ranked(diagnose([canary], [pod("old")]))[0].why == NONE_RUNS
    assert "not known" in ranked(diagnose([canary], [pod("other")]))[0].why


def test_what_a_rollout_after_the_alert_breaks_is_told_and_not_named_as_the_cause() -> None:
    found = diagnose([rollout(3300, "old"), rollout(-60), fault(-70, last=-90)])
    assert (found.causes, {cause.kind for cause in found.weak}) == ([], {CauseKind.FAULT, CauseKind.ROLLOUT})
