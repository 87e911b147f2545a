"""The way back: to a revision that exists now, and never once more after somebody went it."""

from typing import Any

import msgspec
import pytest

from noctuary.models import details
from noctuary.models.diagnosis import Change, Subject
from noctuary.models.evidence import Standing
from noctuary.models.incident import IncidentRow
from noctuary.models.revisions import WorkloadRevisions
from noctuary.notes.note import restate_note
from testbed.told import ONSET, action_of, cause, change, diagnosis, fault, held, note

ROLLBACK = change(
    facts={details.IMAGE: "r/web:3.10", details.PREVIOUS_IMAGE: "r/web:3.11", details.TEMPLATE_HASH: "old"},
    at=ONSET + 20,
    actor="kubectl",
)
UNDO = "kubectl -n shop rollout undo deployment/web --to-revision="
BAD = diagnosis(cause(change(), fault()))


@pytest.mark.parametrize(
    ("current", "revisions", "number"), [(14, {13: "old", 14: "new"}, 13), (21, {20: "old", 21: "new"}, 20)]
)
def test_the_number_is_the_one_that_holds_the_template_now(
    current: int, revisions: dict[int, str], number: int
) -> None:
    assert action_of(note(BAD, held(current, revisions)))[:3] == ["Do:", f"{UNDO}{number}", "# back to 3.10"]


def test_a_revision_that_is_gone_is_told_in_words() -> None:
    assert action_of(note(BAD, held(14, {14: "new"}))) == ["Do: roll back to 3.10; its revision is no longer kept"]


@pytest.mark.parametrize("standing", [None, Standing(), Standing(revisions=[])])
def test_without_a_look_at_the_revisions_no_number_is_named(standing: Standing | None) -> None:
    lines = action_of(note(BAD, standing))
    assert lines[1] == "kubectl -n shop rollout history deployment/web"
    assert not any("undo deployment" in line for line in lines)


@pytest.mark.parametrize("row", [{}, {"status": "resolved", "resolved_at": ONSET + 60}])
@pytest.mark.parametrize("standing", [held(15, {14: "new", 15: "old"}, rollback=ROLLBACK), Standing(ROLLBACK)])
def test_after_a_rollback_no_note_offers_to_undo_it(standing: Standing, row: dict[str, Any]) -> None:
    text = note(BAD, standing, **row)
    assert "already rolled back to 3.10 at 08:00:20" in text.splitlines()[0]
    assert "already rolled back to 3.10 at 08:00:20 by kubectl" in action_of(text)[0]
    assert "undo" not in text


def test_what_is_undone_is_told_without_a_condition() -> None:
    possible = diagnosis(cause(change(), score=0.5))
    assert action_of(note(possible, Standing(ROLLBACK)))[0].startswith("Do: already rolled back")


@pytest.mark.parametrize(
    "command",
    [
        "kubectl rollout undo deployment/web",
        "kubectl rollout undo deployment/web --to-revision=1",
        "kubectl -n shop rollout undo checkout",
        "kubectl argo rollouts undo checkout -n shop --to-revision=1",
    ],
)
@pytest.mark.parametrize("lead", ["Do: {}        back to 1", "Do:\n{}\n# back to 1", "If it comes back:\n{}"])
def test_a_note_whose_evidence_cannot_be_read_offers_no_way_back(lead: str, command: str) -> None:
    before = f"Likely cause: web was rolled out to 2.\n\n{lead.format(command)}\n\nWhy\n\nnoctuary ref nct:x  updated 0"
    row = IncidentRow(account="a", incident_id="P", integration_id="i", triggered_at=ONSET)
    text = restate_note(before, row, "nct:x", ONSET)
    assert command not in text
    assert ("rollout history" if "/" in command else "where it was deployed") in text
    assert restate_note(text, row, "nct:x", ONSET) == text


SCALE = "kubectl -n shop scale deployment/web --replicas=2"


@pytest.mark.parametrize(
    ("block", "resolved"),
    [
        (
            "Do: already rolled back to 1; its broken pod is never replaced:\nkubectl delete pod/web-2",
            "If it comes back: see with kubectl rollout history which version runs now",
        ),
        (
            f"Do: {SCALE}        as it was before, unless this was meant",
            "If it comes back: look at what it is about before anything is changed",
        ),
        (
            f"Do, if it is to blame:\n{SCALE}\n# as it was",
            "If it comes back, and it is to blame: look at what it is about before anything is changed",
        ),
        ("Do: look at web", "If it comes back: look at web"),
        ("If it comes back:\nkubectl get pods", "If it comes back:\nkubectl get pods"),
        ("Do: kubectl rollout undo web        back to 1", "If it comes back: see where it was deployed which version"),
        ("Do: kubectl -n shop logs web; touch x", "If it comes back: look at what it is about before"),
        (
            "Do: kubectl get x        image's name; else $(y)",
            "If it comes back:\nkubectl get x\n# image s name else y",
        ),
    ],
)
def test_a_note_whose_evidence_cannot_be_read_is_resolved_like_others(block: str, resolved: str) -> None:
    before = f"Likely cause: so.\n\n{block}\n\nWhy\n\nnoctuary ref nct:x  updated 0"
    row = IncidentRow(
        account="a", incident_id="P", integration_id="i", triggered_at=ONSET, status="resolved", resolved_at=ONSET + 9
    )
    text = restate_note(before, row, "nct:x", ONSET)
    assert f"\n\n{resolved}" in text
    assert restate_note(text, row, "nct:x", ONSET) == text


def test_a_rollback_that_only_the_revisions_show_is_believed() -> None:
    assert "already rolled back to 3.10" in note(BAD, held(15, {14: "new", 15: "old"})).splitlines()[0]


def test_the_bad_version_rolled_out_once_more_is_undone_once_more() -> None:
    again = held(16, {15: "old", 16: "new"}, rollback=ROLLBACK)
    assert action_of(note(BAD, again))[1] == f"{UNDO}15"


def test_another_workloads_rollback_changes_nothing() -> None:
    other = change(kind="StatefulSet")
    assert action_of(note(BAD, held(14, {13: "old", 14: "new"}, rollback=other)))[1] == f"{UNDO}13"


DELETION = "# back to 3.10, and delete its broken pods, or they are never replaced"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (["web-2", "web-1"], [DELETION, "kubectl -n shop delete pod/web-2"]),
        (["web-2", "web-3"], [DELETION, "kubectl -n shop delete pod/web-2 pod/web-3"]),
        (["web-10; reboot", "cart-0"], ["# back to 3.10"]),
        ([], ["# back to 3.10"]),
        (None, [DELETION]),
    ],
)
def test_only_pods_of_a_stateful_set_that_are_broken_now_are_deleted(broken: list[str] | None, told: list[str]) -> None:
    pods = ["web-1", "web-2", "web-3", "web-10; reboot", "cart-0"]
    failing = fault(pods=pods, failing_pods=pods[1:])
    found = diagnosis(cause(change(kind="StatefulSet"), failing, fault(pods=["web-0"], is_over=True)))
    seen = None if broken is None else [Subject("Pod", "shop", name) for name in [*broken, "web-0"]]
    standing = msgspec.structs.replace(held(3, {2: "old", 3: "new"}, kind="StatefulSet"), broken_pods=seen)
    lines = action_of(note(found, standing))
    assert lines[1] == "kubectl -n shop rollout undo statefulset/web --to-revision=2"
    assert lines[2:] == told


WAITING = "delete its broken pods, or they are never replaced"
ON_DELETE = "its pods are replaced only when they are deleted"


@pytest.mark.parametrize(
    ("kind", "on_delete", "told"),
    [
        ("StatefulSet", False, WAITING),
        ("DaemonSet", True, ON_DELETE),
        ("DaemonSet", False, ""),
        ("Deployment", False, ""),
    ],
)
def test_what_a_tool_owns_waits_for_its_broken_pods_as_well(kind: str, *, on_delete: bool, told: str) -> None:
    owned = change(kind=kind, sha="9f2c1e0", facts={"tool": "argocd", "tool_app": "payments"})
    revisions = WorkloadRevisions(Subject(kind, "shop", "web"), 3, [], on_delete=on_delete)
    standing = Standing(revisions=[revisions])
    [line] = action_of(note(diagnosis(cause(owned, fault(pods=["web-2"]))), standing))
    assert line.startswith("Do: revert commit 9f2c1e0")
    assert line.partition("by self-heal")[2] == (f"; {told}" if told else "")


def test_more_broken_pods_than_one_line_deletes_are_told_in_words() -> None:
    pods = [f"web-{number}" for number in range(11)]
    found = diagnosis(cause(change(kind="StatefulSet"), fault(pods=pods)))
    seen = [Subject("Pod", "shop", name) for name in pods]
    standing = msgspec.structs.replace(held(3, {2: "old", 3: "new"}, kind="StatefulSet"), broken_pods=seen)
    assert action_of(note(found, standing))[2:] == [DELETION]


def test_a_daemon_set_replaces_its_pods_itself() -> None:
    found = diagnosis(cause(change(kind="DaemonSet"), fault()))
    lines = action_of(note(found, held(3, {2: "old", 3: "new"}, kind="DaemonSet")))
    assert lines == ["Do:", "kubectl -n shop rollout undo daemonset/web --to-revision=2", "# back to 3.10"]


def test_a_kind_that_kubectl_does_not_know_gets_words() -> None:
    found = diagnosis(cause(change(kind="Canary"), fault()))
    assert action_of(note(found)) == ["Do: roll Canary web back to 3.10, by the means of its kind"]


ARGO = diagnosis(cause(change(kind="Rollout"), fault()))


def test_an_argo_rollout_is_undone_to_the_number_that_holds_the_version_now() -> None:
    lines = action_of(note(ARGO, held(3, {2: "old", 3: "new"}, kind="Rollout")))
    assert lines == ["Do:", "kubectl argo rollouts undo web -n shop --to-revision=2", "# back to 3.10"]


def test_an_argo_rollout_whose_revisions_were_not_read_is_looked_at() -> None:
    lines = action_of(note(ARGO))
    assert lines[:2] == [
        "Do: roll back to 3.10, by its revision number:",
        "kubectl argo rollouts get rollout web -n shop",
    ]
    assert not any("undo web" in line for line in lines)


def test_a_restart_is_not_undone() -> None:
    same = {details.CHANGED: "annotations", details.IMAGE: "r/web:3.10"}
    text = note(diagnosis(cause(change(facts=same), fault())), held(14, {13: "old", 14: "new"}))
    assert text.startswith("Likely cause: web was restarted, 60 s before this alert")
    assert action_of(text)[0].startswith("Do: check the ConfigMaps and Secrets")


@pytest.mark.parametrize(
    ("image", "facts", "checked"),
    [
        ("r/web:latest", {}, "the ConfigMaps and Secrets that its new pods have read, and whether tag latest names"),
        ("r/web", {"reads_nothing": "1"}, "whether tag latest names another image by now; to undo a restart"),
        ("r/web:3.10", {"reads_nothing": "1"}, "in the logs of its new pods what they meet as they start; to undo"),
    ],
)
def test_after_a_restart_only_that_is_to_be_checked_which_may_be_new(
    image: str, facts: dict[str, str], checked: str
) -> None:
    same = {details.RESTART: "1", details.IMAGE: image, details.PREVIOUS_IMAGE: image}
    text = note(diagnosis(cause(change(facts=same | facts))), held(14, {13: "old", 14: "new"}))
    assert action_of(text)[0].startswith(f"Do: check {checked}")


OWNERS = [
    (
        {"tool": "argocd", "tool_app": "payments"},
        "abcdef0123456789abcdef0123456789abcdef01",
        "Do: revert commit abcdef012345 (app payments, Argo CD); a rollback by hand would be undone by self-heal",
    ),
    (
        {"tool": "argocd", "tool_app": "payments"},
        None,
        "Do: revert the last commit of app payments (Argo CD); a rollback by hand would be undone by self-heal",
    ),
    (
        {"tool": "flux", "tool_app": "apps"},
        None,
        "Do: revert the last commit of apps (Flux); a rollback by hand would be undone by the next reconciliation",
    ),
    (
        {"tool": "operator", "tool_app": "Prometheus k8s"},
        None,
        "Do: change it in Prometheus k8s, whose operator owns this Deployment",
    ),
]


@pytest.mark.parametrize(("facts", "sha", "words"), OWNERS)
def test_what_a_tool_owns_is_reverted_there(facts: dict[str, str], sha: str | None, words: str) -> None:
    found = diagnosis(cause(change(facts=facts, sha=sha), fault()))
    assert action_of(note(found, held(14, {13: "old", 14: "new"}))) == [words]


@pytest.mark.parametrize("of", [{"new_value": "1.1"}, {"confidence": 0.3}, {"at": ONSET + 1500}, {}])
def test_a_commit_that_no_post_lent_is_not_the_one_to_revert(of: dict[str, Any]) -> None:
    other = cause(change(is_posted=True, sha="9f2c1e0", entity="acme/worker", vendor="ci", **of), score=0.4)
    owned = cause(change(facts={"tool": "argocd", "tool_app": "payments"}), fault())
    assert action_of(note(diagnosis(owned, other)))[0].startswith("Do: revert the last commit of app payments")


def test_a_helm_release_has_a_history_of_its_own() -> None:
    facts = {"tool": "helm", "tool_app": "shop"}
    lines = action_of(note(diagnosis(cause(change(facts=facts), fault()))))
    assert lines[0].startswith("Do: roll back release shop (Helm)")
    assert lines[1] == "helm -n shop history shop"


def test_a_release_of_another_namespace_is_looked_up_there_and_said_to_be_there() -> None:
    facts = {"tool": "helm", "tool_app": "shop", "tool_namespace": "ops"}
    lines = action_of(note(diagnosis(cause(change(facts=facts), fault()))))
    assert lines[0].startswith("Do: roll back release shop of namespace ops, as its annotation says (Helm)")
    assert lines[1] == "helm -n ops history shop"


def test_a_release_whose_namespace_is_not_known_has_no_command() -> None:
    facts = {"tool": "helm", "tool_app": "shop", "tool_namespace": "?"}
    assert len(action_of(note(diagnosis(cause(change(facts=facts), fault()))))) == 1


def test_what_no_object_can_be_called_is_no_place_to_go_to() -> None:
    facts = {"tool": "operator", "tool_app": "kubectl delete namespace shop - then ask alice"}
    (line,) = action_of(note(diagnosis(cause(change(facts=facts), fault()))))
    assert "the object whose operator owns this" in line


@pytest.mark.parametrize("facts", [{"tool": "argocd", "tool_app": "payments"}, {"tool": "helm", "tool_app": "shop"}])
def test_neither_replicas_nor_limits_of_a_tools_workload_are_set_by_hand(facts: dict[str, str]) -> None:
    scaled = change(facts=facts, is_rollout=False, event_type="scale_event", old_value="4", new_value="1")
    hungry = fault("out_of_memory", {"memory_limit": "1Gi", "container": "app", **facts})
    for found in (diagnosis(cause(scaled)), diagnosis(cause(None, hungry))):
        text = note(found)
        assert "kubectl" not in text
        assert "a change by hand would be undone by" in action_of(text)[0]


def test_the_owner_of_a_workload_without_a_recent_rollout_is_known_from_its_revisions() -> None:
    hungry = fault("out_of_memory", {"memory_limit": "1Gi", "container": "app"})
    standing = held(14, {14: "new"})
    assert standing.revisions is not None
    owned = Standing(revisions=[msgspec.structs.replace(standing.revisions[0], tool="argocd", tool_app="shop")])
    lead = "Do: find the leak, or raise the memory limit (now 1Gi) in app shop (Argo CD);"
    told = action_of(note(diagnosis(cause(None, hungry)), owned))
    assert told == [f"{lead} a change by hand would be undone by self-heal"]


def test_what_a_hand_changed_has_no_commit_to_revert() -> None:
    by_hand = change(facts={"tool": "argocd", "tool_app": "shop"}, actor="kubectl-set")
    assert action_of(note(diagnosis(cause(by_hand, fault())))) == [
        "Do: sync app shop (Argo CD), as no commit but a hand changed this"
    ]


def test_replicas_that_were_set_back_are_left() -> None:
    scaled = change(is_rollout=False, event_type="scale_event", old_value="2", new_value="0")
    back = change(is_rollout=False, event_type="scale_event", old_value="0", new_value="2", at=ONSET, actor="kubectl")
    text = note(diagnosis(cause(scaled)), Standing(undone=back))
    assert "; already set back to 2 at 08:00:00 by kubectl." in text.splitlines()[0]
    assert "--replicas" not in text


@pytest.mark.parametrize("facts", [{"restart": "1"}, {"config_checksum": "1"}])
def test_pods_that_only_start_anew_are_not_rolled_back(facts: dict[str, str]) -> None:
    same = {details.IMAGE: "r/web:3.10", details.CHANGED: "annotation checksum/config", **facts}
    text = note(diagnosis(cause(change(facts=same), fault())), held(14, {13: "old", 14: "new"}))
    assert text.startswith("Likely cause: web was restarted")
    assert "undo deployment" not in text


def test_a_template_that_no_pod_runs_is_no_rollout() -> None:
    facts = {"staged": "0 of 3 pods; pods are replaced when they are deleted"}
    staged = change(kind="StatefulSet", facts=facts, is_rollout=False, event_type="config_change")
    text = note(diagnosis(cause(staged)))
    assert text.startswith("Likely cause: web got another template that no pod runs yet, 60 s before this alert.")
    assert "reaches 0 of 3 pods, pods are replaced when they are deleted" in text


def test_what_an_autoscaler_set_is_left_to_it() -> None:
    scaled = change(
        is_rollout=False,
        event_type="scale_event",
        old_value="6",
        new_value="5",
        facts={"by_autoscaler": "1"},
    )
    assert "minReplicas" in action_of(note(diagnosis(cause(scaled))))[0]


def deletion() -> Change:
    facts = {details.DELETED: "1"}
    return change(facts=facts, is_rollout=False, event_type="scale_event", old_value="3", new_value="0")


def test_what_was_scaled_to_nothing_and_deleted_since_is_not_scaled_back() -> None:
    stopped = change(
        is_rollout=False, event_type="scale_event", old_value="3", new_value="0", facts={"deleted_since": "1"}
    )
    text = note(diagnosis(cause(stopped, why="nothing of it runs since")))
    assert action_of(text) == ["Do: create Deployment web anew from where its manifest is kept, unless this was meant"]
    assert "deleted since" in text


def test_what_was_deleted_is_brought_back_from_where_it_is_kept() -> None:
    text = note(diagnosis(cause(deletion())))
    assert text.startswith("Likely cause: Deployment web was deleted, 60 s before this alert")
    assert action_of(text) == ["Do: create Deployment web anew from where its manifest is kept, unless this was meant"]
    assert "web deleted (it had 3 replicas" in text


def test_what_was_made_anew_since_is_left() -> None:
    text = note(diagnosis(cause(deletion())), Standing(undone=change(at=ONSET + 20, actor="helm")))
    assert "Deployment web was deleted" in text.splitlines()[0]
    assert action_of(text)[0].startswith("Do: already made anew at 08:00:20 by helm.")
