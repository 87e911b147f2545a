"""What a note says of versions, times, pods that are ready, of what is over and of what goes on since long."""

import re

import pytest

from noctuary.common.text import of_total
from noctuary.models import details
from noctuary.models.diagnosis import Cause, CauseKind, Diagnosis, Relation, SetAside, Subject, Term
from noctuary.models.evidence import Clearing, Standing
from noctuary.notes.headline import HEADLINE_CHARS
from testbed.told import ONSET, WEB, cause, change, diagnosis, fault, held, note

READY = "its pods are ready, so only its behaviour can be wrong"


def first_line(found: Diagnosis, standing: Standing | None = None) -> str:
    return note(found, standing).splitlines()[0]


def test_ready_pods_do_not_acquit_a_rollout() -> None:
    found = diagnosis(cause(change(at=ONSET - 5), score=0.5, why=READY))
    assert first_line(found) == (
        "Possible cause: web was rolled out to 3.11; its pods are ready, so only its behaviour can be wrong."
    )


def test_pods_of_a_rollout_that_are_not_ready_yet_are_told_first() -> None:
    said = first_line(diagnosis(cause(change(at=ONSET - 280), score=0.5, why="3 of its 3 pods are not ready yet")))
    assert said.endswith(", 5 min before this alert; 3 of its 3 pods are not ready yet.")


@pytest.mark.parametrize(
    ("after_s", "told"),
    [(-1, "1 s before this alert"), (0, "as the alert began"), (0.4, "as the alert began"), (4, "as the alert began")],
)
def test_what_came_within_the_slack_of_clocks_is_not_said_to_have_come_before(after_s: float, told: str) -> None:
    said = first_line(diagnosis(cause(change(at=ONSET + after_s), fault())))
    assert f"was rolled out to 3.11, {told}; new pods" in said


def test_what_came_as_an_incident_was_reopened_is_told_so() -> None:
    said = first_line(diagnosis(cause(change(at=ONSET + 4), fault()), is_of_reopening=True))
    assert "was rolled out to 3.11, as it was reopened; new pods" in said


OF_QUOTA = {"kind": "refused", details.QUOTA: "cart-budget", details.QUOTA_LIMIT: "limits.memory=1Gi"}
OF_PROBE = {"kind": "probe", "probe": "liveness", "probe_target": "/alive-or-not on port 8080"}


@pytest.mark.parametrize(
    ("changed", "symptom", "words"),
    [
        (
            "resources (cpu request 10m -> none, memory limit 48Mi -> 2Gi)",
            OF_QUOTA,
            "with changed resources; new pods exceed quota cart-budget (limits.memory=1Gi).",
        ),
        (
            "liveness probe added",
            OF_PROBE,
            "with liveness probe added; new pods fail the liveness probe (/alive-or-not).",
        ),
    ],
)
def test_what_fails_is_said_in_full_before_values_that_changed(
    changed: str, symptom: dict[str, str], words: str
) -> None:
    same = {"changed": changed, "image": "r/web:3.10"}
    found = diagnosis(cause(change(facts=same), fault(symptom["kind"], facts=symptom)))
    assert first_line(found).endswith(words)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"changed": "env DB_POOL"}, "web was rolled out with changed env DB_POOL, 60 s before this alert"),
        ({"changed": "readiness probe, resources"}, "web was rolled out with changed readiness probe, resources, 60 s"),
        ({"changed": "env NEW added"}, "web was rolled out with env NEW added, 60 s"),
        ({"changed": "env OLD removed, env A"}, "web was rolled out without env OLD, with changed env A, 60 s"),
        ({"changed": "env A added of app, env B added"}, "rolled out with env A of app added, env B added, 60 s"),
        ({"changed": "container proxy added"}, "web was rolled out with container proxy added, 60 s"),
        ({"changed": "resources (memory limit 512Mi -> 256Mi)"}, "rolled out with memory limit 512Mi -> 256Mi, 60 s"),
        ({"changed": "liveness probe (path /a -> /b)"}, "web was rolled out with liveness probe path /a -> /b, 60 s"),
        ({"changed": "resources (a 1 -> 2, b 1 -> 2), ports"}, "out with a 1 -> 2, b 1 -> 2, with changed ports, 60 s"),
        ({"changed": "annotations"}, "web was restarted, 60 s before this alert"),
    ],
)
def test_a_rollout_of_the_same_image_says_what_changed(facts: dict[str, str], words: str) -> None:
    text = note(diagnosis(cause(change(facts={details.IMAGE: "r/web:3.10", **facts}))))
    assert words in text.splitlines()[0]
    assert "3.10 -> 3.10" not in text


@pytest.mark.parametrize(
    "part", ["init container migrate-the-whole-database added", "env SOME_VERY_LONG_NAME_OF_ALL removed"]
)
def test_a_long_difference_keeps_its_name_and_its_fate(part: str) -> None:
    facts = {details.IMAGE: "r/web:3.10", "changed": f"{part}, env B, ports, volumes, env C removed, env D removed"}
    said = first_line(diagnosis(cause(change(facts=facts), fault(facts={"exit_code": "1"}))))
    assert re.search(r"rolled out (with init container \S+ added|without env \S+) and 5 more", said)


def test_the_image_of_a_sidecar_is_named_with_its_container() -> None:
    facts = {"image": "r/proxy:2", "previous_image": "r/proxy:1", "changed": "image of proxy"}
    assert "web was rolled out to 2 of proxy, 60 s" in first_line(diagnosis(cause(change(facts=facts))))


def test_an_image_that_may_hold_a_command_is_not_shown() -> None:
    text = note(diagnosis(cause(change(facts={"image": "r/web:1;touch${IFS}x;#"}))))
    assert "touch" not in text
    assert "rolled out: r/web:3.10 -> an image with an odd name" in text


def test_no_cause_is_no_proof_that_nothing_changed() -> None:
    text = note(diagnosis(dependencies=["db"]))
    assert text.startswith("No recent change explains this: no rollout, scaling or fault of web or its dependencies")
    assert "Not looked at: changes of Secrets, ClusterRoles and ServiceAccounts, which are not watched." in text


def test_a_likely_cause_leaves_out_what_is_never_watched() -> None:
    assert "not watched" not in note(diagnosis(cause(change(), fault())))


def test_what_was_set_aside_is_told_with_its_reason() -> None:
    found = diagnosis(set_aside=[SetAside(change(at=ONSET + 10), "it came after the alert began")])
    assert first_line(found) == (
        "No recent change explains this: the rollout of web at 08:00 does not, it came after the alert began."
    )


def test_a_reason_that_is_too_long_for_the_first_line_loses_its_end_and_no_half_word() -> None:
    long = SetAside(change(at=ONSET + 10), f"its pods ran well for 3 h before {'the fault began ' * 5}".strip())
    assert first_line(diagnosis(set_aside=[long])).endswith("does not, its pods ran well for 3 h.")


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        ({"history": "1799740800:480 1799999000:500"}, " (500 times)"),
        ({"history": "1799740800:480 1799999000:500", "restarts": "3"}, " (500 times)"),
        ({"restarts": "40"}, " (40 restarts)"),
        ({"restarts": "1"}, " (1 restart)"),
        ({}, ""),
    ],
)
def test_what_goes_on_since_long_is_one_line_with_since_and_what_was_counted(
    counted: dict[str, str], said: str
) -> None:
    policy = fault("other", counted, text="PolicyViolation", first=ONSET - 3 * 86400, event_ids=["f", "g"])
    lines = note(diagnosis(background=[policy, policy])).splitlines()
    told = f"web: PolicyViolation since 01-12 08:00:00{said}"
    assert f"Going on since long before: {told}; {told}" in lines


def test_how_long_the_version_ran_well_is_said() -> None:
    text = note(diagnosis(cause(None, fault()), ran_well_s=1440.0))
    assert "The version had run well for 24 min before" in text


def test_a_version_that_ran_well_is_less_likely_and_not_acquitted() -> None:
    aside = SetAside(change(at=ONSET - 3600), "its pods ran well for 50 min before the fault began")
    lines = note(diagnosis(cause(None, fault()), set_aside=[aside])).splitlines()
    assert [line.partition(":")[0] for line in lines if aside.why in line] == ["Less likely"]


@pytest.mark.parametrize(
    ("kinds", "felt"),
    [
        (["unschedulable"], "1 pod of web finds no other node"),
        (["crash_loop"], "1 pod of web fails there"),
        (["unschedulable", "crash_loop"], "1 pod of web fails there"),
    ],
)
def test_pods_that_find_no_node_do_not_fail_on_the_cordoned_one(kinds: list[str], felt: str) -> None:
    bad = fault("cordon", {"reason": "NodeUnschedulable"}, subject=Subject("Node", "", "node-7"))
    found = diagnosis(Cause(CauseKind.NODE, "", [Term("told", 0.8)], faults=[bad, *map(fault, kinds)]))
    assert first_line(found).endswith(f"node node-7 is cordoned; {felt}.")


def test_times_of_other_days_carry_their_date() -> None:
    text = note(diagnosis(cause(None, fault(first=ONSET - 86400)), since=ONSET - 2 * 86400))
    assert "- 01-14 08:00:00 1 pod of web crashed" in text
    assert "last seen 07:59:30" in text
    assert "since 01-13 08:00 UTC" in text


@pytest.mark.parametrize(
    ("ready", "total", "words"),
    [
        (0, 1, "Not cleared: 0 of 1 pod is ready now."),
        (1, 1, "Cleared: 1 of 1 pod is ready now."),
        (1, 3, "Not cleared: 1 of 3 pods is ready now."),
        (3, 3, "Cleared: 3 of 3 pods are ready now."),
    ],
)
def test_pods_that_are_not_ready_cleared_nothing(ready: int, total: int, words: str) -> None:
    text = note(
        diagnosis(cause(None, fault())),
        clearing=Clearing(None, ready, total),
        status="resolved",
        resolved_at=ONSET + 60,
    )
    assert f"Resolved at 08:01:00 UTC. {words}" in text


def test_two_of_three_are() -> None:
    assert of_total(2, 3, "pod") == "2 of 3 pods are"


def test_what_is_over_is_told_in_the_past() -> None:
    found = diagnosis(cause(change(), fault("image_pull", {"message": "not found"}, is_over=True)))
    assert "; the image could not be pulled (not found)" in first_line(found)


def test_what_is_over_is_looked_at_without_its_pod() -> None:
    text = note(diagnosis(cause(None, fault(facts={"restarts": "2", "container": "app"}, is_over=True))))
    assert "Do:\nkubectl -n shop get pods\n" in text


@pytest.mark.parametrize(
    ("facts", "pods", "words"),
    [
        ({"restarts": "2"}, ["web-0"], "logs --previous web-0 -c app"),
        ({"restarts": "0"}, ["web-0"], "logs web-0 -c app"),
        ({"restarts": "1"}, ["web-0", "web-1"], "logs web-0 -c app"),
    ],
)
def test_the_logs_are_those_that_exist(facts: dict[str, str], pods: list[str], words: str) -> None:
    text = note(diagnosis(cause(None, fault(facts={"container": "app", **facts}, pods=pods))))
    assert f"\nkubectl -n shop {words}\n" in text


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_a_jobs_pod_is_never_started_again(kind: str) -> None:
    subject = WEB.__class__(kind, "shop", "web")
    text = note(diagnosis(cause(None, fault(facts={"restarts": "2", "container": "app"}, subject=subject))))
    assert "logs web-0 -c app" in text


@pytest.mark.parametrize("length", [1, 30, 63, 253])
@pytest.mark.parametrize("relation", list(Relation))
def test_the_first_line_fits_a_lock_screen(length: int, relation: Relation) -> None:
    name = "n" * length
    subject = WEB.__class__("Deployment", "shop", name)
    rolled = change(subject=subject, service=name, relation=relation)
    back = held(15, {14: "new", 15: "old"}, rollback=rolled)
    away = diagnosis(services=[name], dependencies=[name])
    for found in (diagnosis(cause(rolled, why=READY)), away, diagnosis(weak=[cause(rolled, score=0.1)])):
        assert len(note(found, back, status="resolved", resolved_at=ONSET + 9e5).splitlines()[0]) <= HEADLINE_CHARS


@pytest.mark.parametrize(
    ("after_s", "facts", "is_told"),
    [(10, {}, False), (200, {}, True), (200, {"never_ready": "1"}, False), (200, {"never_ready": "0"}, True)],
)
def test_what_is_not_watched_is_told_where_a_rollouts_pods_ran_before_they_failed(
    after_s: float, facts: dict[str, str], *, is_told: bool
) -> None:
    failed = fault(facts=facts, first=ONSET - 240 + after_s, last=ONSET)
    text = note(diagnosis(cause(change(at=ONSET - 240), failed)))
    assert ("Not looked at: changes of Secrets" in text) == is_told


def test_ages_are_told_before_a_reopening_that_no_alert_came_with() -> None:
    said = first_line(diagnosis(cause(change()), is_of_reopening=True))
    assert said == "Likely cause: web was rolled out to 3.11, 60 s before the reopening."
