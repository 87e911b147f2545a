"""Several changes just before the alert, of which none is preferred: each is named, shown, and taken back by itself."""

from typing import Any

import pytest

from noctuary.models.diagnosis import Change, Diagnosis
from noctuary.models.evidence import Standing
from testbed.told import ONSET, action_of, cause, change, diagnosis, held, note, posted

RESOLVED: dict[str, Any] = {"status": "resolved", "resolved_at": ONSET + 60}
COMPARE = "compare when the trouble began with each change, and take back the one that fits."
ROLLOUT = change(event_id="rollout")
UNDO = ["kubectl -n shop rollout undo deployment/web --to-revision=13", "# back to 3.10"]
FLAG = change(
    event_id="flag",
    is_rollout=False,
    details={},
    old_value="off",
    new_value="on",
    **posted("flag_change", vendor="acme", entity="new-checkout", confidence=0.4, actor="jo", link="https://x.test/1"),
)
FLAG_BACK = "set flag new-checkout back to off with acme, unless this was meant"


def scaling(old: str, new: str, **more: Any) -> Change:
    return change(is_rollout=False, event_type="scale_event", facts={}, old_value=old, new_value=new, **more)


SCALED = scaling("4", "2", event_id="scaled")


def undecided(*changes: Change) -> Diagnosis:
    return diagnosis(*(cause(each, score=0.5) for each in changes), is_undecided=True)


def standing(**undoings: Change) -> Standing:
    return Standing(revisions=held(14, {13: "old", 14: "new"}).revisions, undoings=undoings)


@pytest.mark.parametrize(("lead", "row"), [("Do:", {}), ("If it comes back:", RESOLVED)])
def test_each_change_is_named_by_what_it_was_and_none_is_preferred(lead: str, row: dict[str, Any]) -> None:
    assert action_of(note(undecided(ROLLOUT, FLAG), standing(), **row)) == [
        f"{lead} {COMPARE}",
        "If it is the rollout of web:",
        *UNDO,
        f"If it is flag new-checkout: {FLAG_BACK}",
    ]


def test_two_changes_of_one_name_are_told_apart_by_their_time() -> None:
    lines = action_of(note(undecided(scaling("4", "2"), scaling("5", "4", at=ONSET - 90)), standing()))
    assert [line for line in lines if line.startswith("If it is")] == [
        "If it is the scaling of web at 07:59:00:",
        "If it is the scaling of web at 07:58:30:",
    ]


def test_the_evidence_of_both_is_shown() -> None:
    lines = note(undecided(ROLLOUT, FLAG), standing()).splitlines()
    told = "flag new-checkout of web turned on (was off) (acme; by jo; reported with low confidence) https://x.test/1"
    assert f"- 07:59:00 {told}   [e2]" in lines
    assert "   [e1]" in next(line for line in lines if "web rolled out" in line)


BACK = change(event_id="back", facts={"image": "r/web:3.10", "template_hash": "old"}, at=ONSET + 20, actor="kubectl")
UP = scaling("2", "4", event_id="up", at=ONSET + 120)


@pytest.mark.parametrize(
    ("undoings", "said", "command"),
    [
        (
            {"rollout": BACK},
            "3.11 (already rolled back to 3.10 at 08:00:20); or web was scaled",
            "--replicas=4",
        ),
        ({"scaled": UP}, "from 4 to 2 (already set back to 4 at 08:02:00).", "--to-revision=13"),
        (
            {"rollout": BACK, "scaled": UP},
            "3.11 (already taken back); or web was scaled from 4 to 2 (already taken back).",
            "",
        ),
    ],
)
def test_what_was_taken_back_is_said_first_and_not_offered_again(
    undoings: dict[str, Change], said: str, command: str
) -> None:
    revisions = {14: "new", 15: "old"} if "rollout" in undoings else {13: "old", 14: "new"}
    now = Standing(revisions=held(max(revisions), revisions).revisions, undoings=undoings)
    text = note(undecided(ROLLOUT, SCALED), now)
    assert said in text.splitlines()[0]
    assert [line.rpartition(" ")[2] for line in action_of(text) if line.startswith("kubectl")] == (
        [command] if command else []
    )


def test_when_both_were_taken_back_another_cause_is_looked_for() -> None:
    text = note(undecided(SCALED, FLAG), standing(scaled=UP, flag=UP))
    assert action_of(text) == [
        "Do: each of these changes was taken back already. Where it goes on, look for another cause"
    ]


@pytest.mark.parametrize(("lead", "row"), [("Do, if", {}), ("If it comes back, and", RESOLVED)])
def test_a_single_possible_cause_stays_possible_when_it_is_resolved(lead: str, row: dict[str, Any]) -> None:
    found = diagnosis(cause(ROLLOUT, score=0.5))
    assert action_of(note(found, standing(), **row)) == [f"{lead} it is to blame:", *UNDO]
