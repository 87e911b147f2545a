"""Notes are judged by the truth that was written before: what is named, for what, how surely, and whom it harms."""

from dataclasses import replace

import pytest

from testbed.live.commands import Snapshot, harm_of, snapshot
from testbed.live.grading import Claim, Verdict, claim, commands, grade, headline
from testbed.live.manifests import deployment
from testbed.live.scenario import REPLICAS, TEMPLATE, Truth

NAMES = {"app": "web-17", "callee": "cart-17", "namespace": "team-17"}
ROLLOUT = Truth("deployment/{app}", "rollout", ("rolled out", "2.0.0"), symptom=("crash",))
LEAK = Truth("deployment/{app}", "leak", ("memory",), ("cause: {app} was rolled out",))
NOTHING = Truth("", "nothing", tolerated=("rolled out",))
CALLEE = Truth("deployment/{callee}", "scaled away", ("scaled",), symptom=("readiness",))
UNSEEN = Truth("service/{app}", "selector", ("service", "selector"), unseen=True)

CASES = [
    (ROLLOUT, "Likely cause: web-17 was rolled out to 2.0.0, 4 s before; pods crash.", Verdict.RIGHT),
    (ROLLOUT, "Likely cause: web-17 was rolled out to 1.4.1, 4 s before.", Verdict.WRONG),
    (ROLLOUT, "Possible cause: 1 pod of web-17 crashes with exit code 1.", Verdict.HALF),
    (ROLLOUT, "Likely cause: web-171 was rolled out to 2.0.0.", Verdict.HALF),
    (ROLLOUT, "Likely cause: cart-17 was scaled to 0.", Verdict.WRONG),
    (ROLLOUT, "No recent change explains this: pods crash.", Verdict.HALF),
    (ROLLOUT, "No recent change explains this: nothing was deployed.", Verdict.WRONG),
    (LEAK, "Likely cause: 1 pod of web-17 ran out of memory (limit 64Mi).", Verdict.RIGHT),
    (LEAK, "Likely cause: web-17 was rolled out to 1.4.0; new pods run out of memory.", Verdict.WRONG),
    (NOTHING, "No recent change explains this: nothing was deployed.", Verdict.NONE),
    (NOTHING, "Possible cause: web-17 was rolled out to 1.4.1.", Verdict.NONE),
    (NOTHING, "Likely cause: web-17 was rolled out to 1.4.1.", Verdict.WRONG),
    (NOTHING, "Possible cause: PolicyViolation on 2 pods of web-17.", Verdict.WRONG),
    (CALLEE, "Likely cause: cart-17 was scaled from 1 to 0.", Verdict.RIGHT),
    (CALLEE, "Possible cause: 1 pod of web-17 fails its readiness probe.", Verdict.WRONG),
    (UNSEEN, "No recent change explains this: nothing was deployed.", Verdict.NONE),
    (UNSEEN, "Likely cause: the selector of Service web-17 changed.", Verdict.RIGHT),
    (UNSEEN, "Likely cause: web-17 was rolled out.", Verdict.WRONG),
]


@pytest.mark.parametrize(("truth", "first", "verdict"), CASES, ids=[f"{case[2]}: {case[1][:40]}" for case in CASES])
def test_a_note_is_judged_by_its_first_line(truth: Truth, first: str, verdict: Verdict) -> None:
    assert grade(truth, f"{first}\n\nDo: wait\n\nnoctuary ref x", NAMES) is verdict


def test_an_answer_of_several_lines_is_one_answer() -> None:
    note = "Likely cause: web-17 was rolled out\nto 2.0.0.\n\nWhy (UTC)"
    assert grade(ROLLOUT, note, NAMES) is Verdict.RIGHT


@pytest.mark.parametrize(
    ("first", "sure"),
    [
        ("Likely cause: x", Claim.LIKELY),
        ("Resolved after 2 min. Likely cause: x", Claim.LIKELY),
        ("Possible cause: x", Claim.POSSIBLE),
        ("No recent change explains this: x", Claim.NONE),
        ("", Claim.NONE),
    ],
)
def test_how_sure_a_note_is_stands_in_its_first_words(first: str, sure: Claim) -> None:
    assert claim(first) is sure


def test_a_resolved_note_keeps_its_answer() -> None:
    assert headline("Resolved after 2 min. Likely cause: x.\n\nResolved at 1") == "Likely cause: x."


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        ("Do: kubectl -n a rollout undo deployment/x        back to 1", ["kubectl -n a rollout undo deployment/x"]),
        (
            "Do:\nkubectl -n a get pods\n# who is it\nkubectl -n a get nodes",
            ["kubectl -n a get pods", "kubectl -n a get nodes"],
        ),
        ("Do, if it is to blame: kubectl -n a get pods", ["kubectl -n a get pods"]),
        ("Do: revert commit 9f2c1e (app payments, Argo CD)", []),
        ("Why (UTC)\nkubectl -n a delete pods --all", []),
    ],
)
def test_commands_are_the_lines_of_the_do_block_that_begin_with_kubectl(block: str, lines: list[str]) -> None:
    assert commands(f"Likely cause: x\n\n{block}\n\nnoctuary ref x") == lines


OLD = snapshot({"deployment/web-17": deployment("web-17", replicas=2)})
OTHER_REPLICAS = snapshot({"deployment/web-17": deployment("web-17", replicas=1)})
OTHER_TEMPLATE = snapshot({"deployment/web-17": deployment("web-17", replicas=2, hostNetwork=True)})


@pytest.mark.parametrize(
    ("mend", "after", "harms"),
    [
        ({TEMPLATE}, OTHER_TEMPLATE, False),
        ({REPLICAS}, OTHER_REPLICAS, False),
        ({REPLICAS}, OTHER_TEMPLATE, True),
        ({TEMPLATE}, OTHER_REPLICAS, True),
        (set(), OTHER_TEMPLATE, True),
        (set(), OLD, False),
        (set(), {}, True),
    ],
)
def test_a_command_harms_when_it_changes_what_was_not_at_fault(mend: set[str], after: Snapshot, harms: bool) -> None:
    truth = replace(ROLLOUT, mend=frozenset(mend))
    assert bool(harm_of(truth, NAMES, OLD, after)) is harms


def test_a_restart_changes_no_version() -> None:
    restarted = deployment("web-17", replicas=2)
    marks = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    restarted["spec"]["template"]["metadata"]["annotations"] = marks
    assert not harm_of(ROLLOUT, NAMES, OLD, snapshot({"deployment/web-17": restarted}))
