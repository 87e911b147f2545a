"""What became of the blamed rollout: a restart or a setting on top leaves nothing, a version on top may fail too."""

from typing import Any

import msgspec
import pytest

from noctuary.models import details
from noctuary.models.diagnosis import SetAside, Subject
from noctuary.models.evidence import Clearing, Standing
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from testbed.told import ONSET, action_of, cause, change, diagnosis, fault, note, posted

UNDO = "kubectl -n shop rollout undo deployment/web --to-revision=13"
BAD = diagnosis(cause(change(), fault()))
SAME = {details.IMAGE: "r/web:3.10", details.CHANGED: "env DB_POOL"}
SETTING = diagnosis(cause(change(facts=SAME), fault()))
RESOLVED: dict[str, Any] = {"status": "resolved", "resolved_at": ONSET + 90}


def now(image: str, content: str, at: float = ONSET + 60, *, bad: str = "r/web:3.11", **more: Any) -> Standing:
    """Return that a third revision of `web` runs; what ran before has the content `a`, what is blamed has `b`."""
    stored = [
        StoredRevision(13, "old", "r/web:3.10", ONSET - 900, "a"),
        StoredRevision(14, "new", bad, ONSET - 60, "b"),
        StoredRevision(15, "other", image, at, content),
    ]
    subject = Subject(more.pop("kind", "Deployment"), "shop", "web")
    return Standing(revisions=[WorkloadRevisions(subject, 15, stored, **more)])


@pytest.mark.parametrize("content", ["b", "c"])
@pytest.mark.parametrize("row", [{}, RESOLVED])
def test_a_restart_or_a_setting_on_top_of_a_bad_image_leaves_nothing(content: str, row: dict[str, Any]) -> None:
    text = note(BAD, now("r/web:3.11", content), **row)
    assert "already" not in text
    assert action_of(text)[1:] == [UNDO, "# back to 3.10. Revision 15 still runs 3.11"]


def test_a_restart_on_top_of_a_bad_setting_leaves_nothing() -> None:
    text = note(SETTING, now("r/web:3.10", "b", bad="r/web:3.10"))
    assert "already" not in text
    assert action_of(text)[1] == UNDO
    assert action_of(text)[2].endswith(". Revision 15 still runs the same")


ON_TOP = [
    (BAD, now("r/web:3.12", "c"), "already replaced by 3.12 at 08:01:00"),
    (BAD, now("r/web:3.12", "c", 0.0), "already replaced by 3.12"),
    (BAD, now("", "c"), "already replaced by revision 15 at 08:01:00"),
    (SETTING, now("r/web:3.10", "c", bad="r/web:3.10"), "already replaced by revision 15 at 08:01:00"),
]


@pytest.mark.parametrize(("found", "standing", "told"), ON_TOP)
def test_a_version_on_top_leaves_the_way_back_while_the_incident_is_open(found: Any, standing: Any, told: str) -> None:
    text = note(found, standing)
    assert f"; {told}." in text.splitlines()[0]
    assert action_of(text)[:2] == [f"Do: {told}. Where it goes on:", UNDO]


@pytest.mark.parametrize(("found", "standing", "told"), ON_TOP)
def test_a_later_fix_is_not_undone(found: Any, standing: Any, told: str) -> None:
    text = note(found, standing, **RESOLVED)
    assert told.partition(" at ")[0] in text.splitlines()[0]
    assert action_of(text) == [f"If it comes back: {told}. Where it goes on, look for another cause"]


@pytest.mark.parametrize(
    ("found", "standing"),
    [
        (BAD, now("r/web:3.10", "c")),
        (BAD, now("r/web:3.9", "c", ONSET - 5000)),
        (SETTING, now("r/web:3.10", "a", bad="r/web:3.10")),
    ],
)
def test_what_ran_before_is_no_fix_but_a_way_back(found: Any, standing: Standing) -> None:
    text = note(found, standing)
    told = "the template before" if found is SETTING else "3."
    assert f"already rolled back to {told}" in text.splitlines()[0]
    assert "undo" not in text


@pytest.mark.parametrize(("image", "content"), [("r/web:3.12", "c"), ("r/web:3.11", "c")])
def test_the_last_commit_is_not_reverted_where_it_is_another_one_by_now(image: str, content: str) -> None:
    (line,) = action_of(note(BAD, now(image, content, tool="argocd", tool_app="shop")))
    assert "go back to 3.10 in app shop (Argo CD); a change by hand would be undone" in line


def test_a_restart_is_no_commit() -> None:
    (line,) = action_of(note(BAD, now("r/web:3.11", "b", tool="argocd", tool_app="shop")))
    assert line.startswith("Do: revert the last commit of app shop (Argo CD)")


SETS = diagnosis(cause(change(kind="StatefulSet"), fault(pods=["web-2", "web-1"], failing_pods=["web-2", "web-1"])))
NEVER = "Do: already rolled back to 3.10; its broken {} deleted:"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (["web-2"], [NEVER.format("pod is never replaced unless it is"), "kubectl -n shop delete pod/web-2"]),
        (
            ["web-1", "web-2"],
            [NEVER.format("pods are never replaced unless they are"), "kubectl -n shop delete pod/web-1 pod/web-2"],
        ),
        ([], ["Do: already rolled back to 3.10. Where it goes on, look for another cause"]),
        (None, ["Do: already rolled back to 3.10; delete its broken pods, or they are never replaced"]),
    ],
)
def test_after_an_undo_a_stateful_set_still_waits_for_its_broken_pods(broken: Any, told: list[str]) -> None:
    pods = None if broken is None else [Subject("Pod", "shop", name) for name in broken]
    standing = msgspec.structs.replace(now("r/web:3.10", "a", kind="StatefulSet"), broken_pods=pods)
    assert action_of(note(SETS, standing)) == told


@pytest.mark.parametrize("image", ["r/web:3.10", "r/web:3.11"])
def test_pods_that_are_replaced_when_they_are_deleted_are_said_to_be(image: str) -> None:
    found = diagnosis(cause(change(kind="DaemonSet"), fault()))
    text = note(found, now(image, "b", kind="DaemonSet", on_delete=True))
    assert "its pods are replaced only when they are deleted" in "".join(action_of(text))


@pytest.mark.parametrize("row", [{}, RESOLVED])
def test_a_deploy_that_was_posted_is_not_taken_back_twice(row: dict[str, Any]) -> None:
    facts: dict[str, Any] = {
        "facts": {},
        "vendor": "github-actions",
        **posted("deploy", subject=Subject("", "", "web")),
    }
    bad = change(**facts, old_value="3.10", new_value="3.11", sha="9f2c1e7aab")
    back = change(**facts, old_value="3.11", new_value="3.10", sha="8888aaaabb", at=ONSET + 60)
    text = note(diagnosis(cause(bad)), Standing(back), Clearing(back), **row)
    assert "already rolled back to 3.10 at 08:01:00" in text.splitlines()[0]
    assert "8888aaaabb" not in text


def test_what_was_a_return_is_not_returned_from_wherever_it_was_told() -> None:
    told = change(facts={details.RETURN: "1"}, **posted("deploy"))
    (line,) = action_of(note(diagnosis(cause(told))))
    assert line.startswith("Do: this was a return from 3.10: compare both versions")


def test_a_fix_that_fails_as_well_has_replaced_nothing() -> None:
    found = diagnosis(cause(change(facts={details.ROW: "other"}), fault()))
    assert action_of(note(found, now("r/web:3.12", "c"))) == ["Do:", UNDO, "# back to 3.10"]


BEFORE = {details.IMAGE: "r/web:3.10", details.PREVIOUS_IMAGE: "r/web:3.9", details.TEMPLATE_HASH: "old"}
BEFORE |= {details.PREVIOUS_TEMPLATE_HASH: "older"}


@pytest.mark.parametrize(("left_after", "made_after", "number"), [(900, 0, 12), (900, 5000, 13), (7200, 0, 13)])
def test_a_version_that_was_left_soon_is_no_place_to_go_back_to(
    left_after: float, made_after: float, number: int
) -> None:
    at = ONSET - 60 - left_after
    earlier = SetAside(change(facts=BEFORE, event_id="b", at=at), "it was replaced")
    stored = [
        StoredRevision(12, "older", "r/web:3.9", at - 9000),
        StoredRevision(13, "old", "r/web:3.10", at - made_after),
        StoredRevision(14, "new", "r/web:3.11", ONSET - 60),
    ]
    standing = Standing(revisions=[WorkloadRevisions(Subject("Deployment", "shop", "web"), 14, stored)])
    lines = action_of(note(diagnosis(cause(change(), fault()), set_aside=[earlier]), standing))
    assert lines[1] == f"{UNDO[:-2]}{number}"
    assert lines[2] == ("# back to 3.9, past 3.10" if number == 12 else "# back to 3.10")
