"""What a note says of several versions that fail alike: mendings in a row, old pods beside new ones."""

import msgspec
import pytest

from noctuary.models import details
from noctuary.models.diagnosis import Relation, Subject
from testbed.told import action_of, cause, change, diagnosis, fault, held, note

UNDO = "kubectl -n shop rollout undo deployment/web --to-revision="
ROW = {details.ROW: "fix"}


def test_a_row_of_versions_that_fail_is_left_with_the_first_of_them() -> None:
    text = note(diagnosis(cause(change(facts=ROW), fault())), held(15, {13: "old", 14: "new", 15: "fix"}))
    assert text.splitlines()[0].endswith(", the next rollout's too.")
    assert action_of(text)[:3] == ["Do:", f"{UNDO}13", "# back to 3.10"]


@pytest.mark.parametrize(
    ("facts", "sha", "words"),
    [
        (
            {"tool": "argocd", "tool_app": "pay"},
            "abcdef0",
            "Do: revert commit abcdef0 and what came after it (app pay,",
        ),
        ({"tool": "argocd", "tool_app": "pay"}, None, "Do: revert the commits of the last 2 rollouts of app pay (Argo"),
        (
            {"tool": "helm", "tool_app": "pay"},
            None,
            "# shows the revision before the last 2, which helm rollback takes",
        ),
    ],
)
def test_an_owner_goes_back_before_the_first_of_a_row(facts: dict[str, str], sha: str | None, words: str) -> None:
    found = diagnosis(cause(change(facts={**facts, **ROW}, sha=sha), fault()))
    lines = action_of(note(found, held(15, {13: "old", 14: "new", 15: "fix"})))
    assert any(line.startswith(words) for line in lines)


def test_old_pods_that_fail_as_well_are_told_first() -> None:
    mine, old = fault(facts={"exit_code": "1"}), msgspec.structs.replace(fault(), template_hash="old")
    mine = msgspec.structs.replace(mine, template_hash="new")
    said = note(diagnosis(cause(change(), mine, old, score=0.6))).splitlines()[0]
    assert said.endswith("; new pods crash with exit code 1, old pods too.")


def test_what_callers_suffered_while_a_dependency_started_is_told_as_theirs() -> None:
    rolled = change(subject=Subject("Deployment", "shop", "db"), relation=Relation.DEPENDENCY)
    crashed = fault(facts={details.RESTARTS: "1", details.EXIT_CODE: "1"}, is_over=True)
    said = note(diagnosis(cause(rolled, crashed, score=0.6))).splitlines()[0]
    assert said.endswith(
        "db (a dependency) was rolled out to 3.11, 60 s before this alert; 1 pod of web crashed with exit code 1."
    )
