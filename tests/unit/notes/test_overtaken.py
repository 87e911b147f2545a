"""What live state has overtaken when a note is edited: no command of then, and no present tense of then."""

from typing import Any

import pytest

from noctuary.models import details
from noctuary.models.diagnosis import Cause, CauseKind, Change, Diagnosis, Fault, Subject, Term
from noctuary.models.evidence import Standing
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from testbed.told import ONSET, WEB, action_of, cause, change, diagnosis, fault, note

RESOLVED: dict[str, Any] = {"status": "resolved", "resolved_at": ONSET + 90}
ELSEWHERE = "Where it goes on, look for another cause"
BACK_TO = "kubectl -n shop scale deployment/web --replicas="


def now(replicas: int | None = None, *, current: str = "new", **more: Any) -> Standing:
    """Return what `web` is by now."""
    stored = [StoredRevision(13, "old", "r/web:3.10"), StoredRevision(14, "new", "r/web:3.11")]
    stored.append(StoredRevision(15, "other", "r/web:3.11"))
    number = next(each.number for each in stored if each.template_hash == current)
    return Standing(revisions=[WorkloadRevisions(WEB, number, stored, replicas=replicas, **more)])


def scaled(old: str, new: str) -> Change:
    return change(facts={}, is_rollout=False, event_type="scale_event", old_value=old, new_value=new)


def told(old: str, new: str, *faults: Fault) -> Diagnosis:
    return diagnosis(cause(scaled(old, new), *faults, why="nothing of it runs since" if new == "0" else "because"))


PENDING = fault("unschedulable", pods=["web-1", "web-2"], failing_pods=["web-1", "web-2"])
STOPPED = fault("stopped", pods=[])


@pytest.mark.parametrize("row", [{}, RESOLVED])
@pytest.mark.parametrize(
    ("found", "replicas"),
    [(told("2", "0", STOPPED), 10), (told("6", "2"), 12), (told("2", "8", PENDING), 1)],
)
def test_what_was_scaled_further_is_not_scaled_back(found: Diagnosis, replicas: int, row: dict[str, Any]) -> None:
    text = note(found, now(replicas), **row)
    assert text.splitlines()[0].endswith(f"; already scaled to {replicas}.")
    assert action_of(text)[0].endswith(f": already scaled to {replicas}. {ELSEWHERE}")
    assert "kubectl" not in text


@pytest.mark.parametrize(("found", "replicas"), [(told("2", "0", STOPPED), 1), (told("2", "8", PENDING), 5)])
def test_what_was_scaled_back_halfway_keeps_the_way_back_behind_what_is_so_now(found: Diagnosis, replicas: int) -> None:
    lines = action_of(note(found, now(replicas)))
    assert lines[:2] == [f"Do: already scaled to {replicas}. Where it goes on:", f"{BACK_TO}2"]


@pytest.mark.parametrize("found", [told("2", "0", STOPPED), told("6", "2"), told("2", "8", PENDING)])
def test_while_a_scaling_holds_its_way_back_stands(found: Diagnosis) -> None:
    new = found.causes[0].change.new_value  # type: ignore[union-attr]  # it has one
    text = note(found, now(int(new or "")))
    assert "already" not in text
    assert BACK_TO in text


def test_what_was_set_back_is_known_before_its_event_has_come() -> None:
    text = note(told("2", "0", STOPPED), now(2))
    assert "; already set back to 2." in text.splitlines()[0]
    assert action_of(text) == [f"Do: already set back to 2. {ELSEWHERE}"]


def test_what_was_scaled_away_once_more_is_not_called_set_back() -> None:
    found = told("2", "0", STOPPED)
    back = change(facts={}, is_rollout=False, event_type="scale_event", old_value="0", new_value="2", at=ONSET + 9)
    standing = Standing(undone=back, revisions=now(0).revisions)
    assert "already" not in note(found, standing)


def test_pods_that_found_room_are_not_taken_away() -> None:
    found = told("2", "8", PENDING)
    text = note(found, now(8, is_all_ready=True))
    assert action_of(text) == [f"Do: 8 of 8 pods are ready by now. {ELSEWHERE}"]
    assert "2 pods of web found no node to run on" in text.splitlines()[0]
    assert " find no node" not in text


@pytest.mark.parametrize(("found", "count"), [(told("6", "2"), 2), (told("2", "8", fault("crash_loop")), 8)])
def test_pods_that_are_ready_acquit_no_scaling_of_what_they_did_not_suffer(found: Diagnosis, count: int) -> None:
    assert BACK_TO in note(found, now(count, is_all_ready=True))


def test_pods_that_are_ready_acquit_no_rollout() -> None:
    text = note(diagnosis(cause(change(), fault("image_pull"))), now(2, is_all_ready=True))
    assert "--to-revision=13" in text
    assert " cannot pull" not in text


NODE = fault("node", subject=Subject("Node", "", "n1"), pods=[], details={details.REASON: "Cordoned"})


def drained(*faults: Fault) -> Diagnosis:
    why = "its pods find no other node"
    return diagnosis(Cause(CauseKind.NODE, why, [Term("told", 0.8)], faults=[NODE, *faults]))


def test_pods_that_are_ready_on_another_node_do_not_look_for_one() -> None:
    text = note(drained(PENDING), now(2, is_all_ready=True))
    assert action_of(text) == [f"Do: 2 of 2 pods are ready by now. {ELSEWHERE}"]
    assert "2 pods of web found no other node." in text.splitlines()[0]
    assert " find no " not in text


def test_a_workload_that_waits_still_is_told_as_it_is() -> None:
    assert "find no other node." in note(drained(PENDING), now(2)).splitlines()[0]


OOM = {details.REASON: "OOMKilled", details.MEMORY_LIMIT: "128Mi", details.CONTAINER: "app"}
KILLED = diagnosis(cause(None, fault("out_of_memory", OOM)))


@pytest.mark.parametrize("row", [{}, RESOLVED])
@pytest.mark.parametrize("limit", ["1Gi", "64Mi"])
def test_a_limit_that_is_another_one_by_now_is_not_set_again(limit: str, row: dict[str, Any]) -> None:
    (line,) = action_of(note(KILLED, now(2, current="other", memory_limits={"app": limit}), **row))
    assert line.endswith(
        f": its memory limit is {limit} by now, 128Mi before. Where it goes on, find the leak or raise it"
    )


def test_an_owner_is_told_the_limit_of_now() -> None:
    standing = now(2, current="other", memory_limits={"app": "1Gi"}, tool="argocd", tool_app="shop")
    (line,) = action_of(note(KILLED, standing))
    assert "raise the memory limit (now 1Gi) in app shop (Argo CD)" in line


@pytest.mark.parametrize(
    ("current", "limits"),
    [("new", {"app": "1Gi"}), ("other", {"app": "128Mi"}), ("other", {"sidecar": "1Gi"}), ("other", {})],
)
def test_a_limit_that_is_not_known_to_have_changed_is_raised(current: str, limits: dict[str, str]) -> None:
    text = note(KILLED, now(2, current=current, memory_limits=limits))
    assert "kubectl -n shop set resources deployment/web -c app --limits=memory=256Mi" in action_of(text)


def test_what_ran_nothing_and_runs_by_now_is_not_scaled_up() -> None:
    text = note(diagnosis(cause(None, STOPPED)), now(3))
    assert action_of(text) == [f"Do: already scaled to 3. {ELSEWHERE}"]
    assert "web was scaled to 0, so nothing of it ran" in text.splitlines()[0]


GONE = Standing(revisions=[WorkloadRevisions(WEB, 0, is_gone=True)])
FIRST = {details.PREVIOUS_IMAGE: "", details.PREVIOUS_TEMPLATE_HASH: ""}


@pytest.mark.parametrize(
    "found",
    [
        diagnosis(cause(change(facts=FIRST), fault())),
        diagnosis(cause(change(), fault())),
        told("2", "0", STOPPED),
        KILLED,
        diagnosis(cause(None, STOPPED)),
    ],
)
def test_no_command_names_what_was_deleted(found: Diagnosis) -> None:
    text = note(found, GONE)
    assert "kubectl" not in text
    assert action_of(text)[0].startswith("Do: already deleted. Where it goes on, create it anew if it is missed, else")


@pytest.mark.parametrize("facts", [{details.DELETED: "1"}, {details.DELETED_SINCE: "1"}])
def test_a_deletion_is_told_as_the_cause_that_it_is(facts: dict[str, str]) -> None:
    gone = change(facts=facts, is_rollout=False, event_type="scale_event", old_value="2", new_value="0")
    assert action_of(note(diagnosis(cause(gone)), GONE))[0].startswith("Do: create Deployment web anew")


def test_a_paused_rollout_is_resumed_before_it_is_undone() -> None:
    lines = action_of(note(diagnosis(cause(change(), fault())), now(2, is_paused=True)))
    assert lines == [
        "Do: it is paused, so resume it first and undo at once:",
        "kubectl -n shop rollout resume deployment/web",
        "# back to 3.10",
        "kubectl -n shop rollout undo deployment/web --to-revision=13",
    ]


OF_WEB = fault("crash_loop", {details.REASON: "CrashLoopBackOff", details.RESTARTS: "6", details.CONTAINER: "app"})


@pytest.mark.parametrize(("current", "replicas"), [("old", 2), ("new", 0)])
def test_pods_that_are_gone_fail_no_more_and_are_named_in_no_command(current: str, replicas: int) -> None:
    text = note(diagnosis(cause(None, OF_WEB)), now(replicas, current=current, runs_no_other=True))
    assert "1 pod of web kept crashing" in text.splitlines()[0]
    assert action_of(text) == ["Do:", "kubectl -n shop get pods"]


@pytest.mark.parametrize("standing", [now(2, runs_no_other=True), now(2, current="old"), now(0)])
def test_pods_that_may_be_there_still_are_looked_at(standing: Standing) -> None:
    text = note(diagnosis(cause(None, OF_WEB)), standing)
    assert "1 pod of web keeps crashing" in text.splitlines()[0]
    assert action_of(text) == ["Do:", "kubectl -n shop logs --previous web-0 -c app"]


def test_a_rollout_whose_pods_were_taken_away_by_hand_is_told_so() -> None:
    text = note(diagnosis(cause(change(), OF_WEB)), now(0, runs_no_other=True))
    assert text.splitlines()[0].endswith("; already scaled to 0.")
    assert action_of(text)[0] == "Do: already scaled to 0. Where it goes on:"


def test_a_rollout_of_what_ran_nothing_before_is_not_said_to_be_scaled_down() -> None:
    assert "already" not in note(diagnosis(cause(change())), now(0, runs_no_other=True))


@pytest.mark.parametrize(
    "why", ["since a rollout that came 15 s after the alert", "since its restart; see its Secret db-credentials"]
)
def test_what_acquits_or_points_stays_in_the_first_line_when_it_is_resolved(why: str) -> None:
    facts = {details.EXIT_CODE: "1", details.REASON: "CrashLoopBackOff"}
    found = diagnosis(cause(None, fault("crash_loop", facts), score=0.5, why=why))
    line = note(found, now(2, current="old", runs_no_other=True), **RESOLVED).splitlines()[0]
    assert line == f"Resolved after 2 min. Possible cause: 1 pod of web failed {why}."


@pytest.mark.parametrize(("gone", "look"), [(["web-0"], "web-1"), (["web-0", "web-1"], ""), ([], "web-0")])
def test_a_look_is_at_a_pod_that_exists(gone: list[str], look: str) -> None:
    found = fault(details=OF_WEB.details | {details.LEAST_RESTARTS: "3"}, pods=["web-0", "web-1"])
    standing = Standing(gone_pods=[Subject("Pod", "shop", name) for name in gone])
    (command,) = action_of(note(diagnosis(cause(None, found)), standing))[1:]
    logs = f"kubectl -n shop logs --previous {look} -c app"
    assert command == (logs if look else "kubectl -n shop get pods")
