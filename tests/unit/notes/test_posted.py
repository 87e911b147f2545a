"""What other systems post, as notes tell it: who says what of which thing, and where it is taken back."""

from typing import Any

import msgspec
import pytest

from noctuary.correlation.correlate import correlate
from noctuary.correlation.deploys.join import join_posted
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Cause, IncidentContext, Relation, ServiceView
from noctuary.sources.posted import parse_item, to_event
from testbed.told import ONSET, action_of, cause, change, diagnosis, fault, note, posted, without_percent

CHECKOUT = ServiceView("checkout", Relation.OWN, "team", ["shop"])
SHA, OLD = "a4f2c1", "f8b3e22"


def event(before_s: float, **fields: Any) -> ContextEvent:
    told = {"service_name": "checkout", "confidence": 0.9, "ttl_seconds": 3600, **fields}
    found = to_event(parse_item(msgspec.json.encode(told)), "team", ONSET - before_s)
    found.timestamp = found.last_seen = ONSET - before_s
    return found


def three_signals() -> str:
    signals = [
        event(240, vendor="argocd", entity="checkout", event_type="deploy", sha=SHA, old_value=OLD, actor="ci-bot"),
        event(8, vendor="postgres", entity="payments.public", event_type="saturation", new_value="deadlock"),
        event(0, vendor="kubernetes", entity="auth-service", event_type="restart", new_value="OOMKilled"),
    ]
    return note(correlate(IncidentContext([CHECKOUT], ONSET, 3600.0, signals, None)))


def test_three_posted_signals_give_the_note_of_the_product() -> None:
    text = three_signals()
    assert "cause: argocd: checkout was rolled out to a4f2c1; postgres: " in without_percent(text).splitlines()[0]
    assert action_of(text)[0].endswith(": roll back to sha f8b3e22 (checkout) with argocd")
    assert "- 07:56:00 checkout rolled out: f8b3e22 -> a4f2c1 (argocd; by ci-bot)   [e1]" in text
    assert "- 07:59:52 postgres: deadlock on payments.public   [e2]" in text
    assert "- 08:00:00 kubernetes: OOMKilled of auth-service   [e3]" in text
    assert "pods fail" not in text


@pytest.mark.parametrize(
    ("event_type", "fields", "words"),
    [
        (
            "flag_change",
            {"entity": "new-checkout", "new_value": "on", "old_value": "off"},
            "flag new-checkout of web turned on (was off)",
        ),
        ("flag_change", {"entity": "new-checkout", "new_value": "30%"}, "flag new-checkout of web set to 30%"),
        (
            "config_change",
            {"entity": "timeout", "new_value": "5s", "old_value": "30s"},
            "configuration timeout of web set to 5s (was 30s)",
        ),
        (
            "config_change",
            {"entity": "x", "old_value": "see https://evil.example.com; reboot"},
            "configuration x of web changed",
        ),
        ("schema_change", {"entity": "orders"}, "schema of orders of web changed"),
        ("schema_change", {"entity": ""}, "a schema of web changed"),
        ("flag_change", {"entity": "", "new_value": "on", "old_value": "off"}, "a flag of web turned on (was off)"),
    ],
)
def test_a_setting_is_named_with_what_it_was(event_type: str, fields: dict[str, str], words: str) -> None:
    text = note(diagnosis(cause(change(is_rollout=False, facts={}, **posted(event_type, vendor="acme", **fields)))))
    assert text.startswith(f"Likely cause: acme: {words}, 60 s before this alert.")
    assert f"{words} (acme" in text
    assert "evil" not in text


@pytest.mark.parametrize(
    ("event_type", "text", "words"),
    [
        ("dependency_failure", "503", "acme: web depends on auth: 503"),
        ("dependency_failure", "auth", "acme: web depends on auth, which fails"),
        ("circuit_open", "auth", "acme: circuit breaker auth is open"),
        ("saturation", "connection_limit_reached", "acme: connection limit reached on auth"),
        ("restart", "OOMKilled", "acme: OOMKilled of auth"),
        ("restart", "auth", "acme: auth was restarted"),
    ],
)
def test_a_fault_is_told_by_its_type(event_type: str, text: str, words: str) -> None:
    told = note(diagnosis(cause(None, fault("other", text=text, **posted(event_type, vendor="acme", entity="auth")))))
    assert told.startswith(f"Likely cause: {words}.")
    assert action_of(told)[0].startswith("Do: check ")
    assert "auth" in action_of(told)[0]
    assert "kubectl" not in told


def test_the_commit_of_a_posted_image_is_named() -> None:
    told = posted("deploy", vendor="argocd", old_value="r/web:1", new_value="r/web:2", sha=SHA + "0" * 34, details={})
    assert "web rolled out: r/web:1 -> r/web:2 (argocd; commit a4f2c1000000)   [e1]" in note(
        diagnosis(cause(change(**told)))
    )


FIRST, SECOND = "abcdef012345" + "6" * 28, "abcdef012345" + "7" * 28


@pytest.mark.parametrize(
    ("old", "new", "said", "back"),
    [
        ("20261126101012", "20261126101057", "20261126101012 -> 20261126101057", "20261126101012"),
        ("1234567", "1234568", "1234567 -> 1234568", "1234567"),
        (FIRST, SECOND, f"{FIRST} -> {SECOND}", f"sha {FIRST}"),
        ("f8b3e22", "a4f2c1" * 4, "f8b3e22 -> a4f2c1a4f2c1", "sha f8b3e22"),
        ("1" * 12 + "a", "2" * 12 + "b", "111111111111 -> 222222222222", "sha 111111111111"),
    ],
)
def test_a_build_number_is_no_commit_and_two_versions_stay_two(old: str, new: str, said: str, back: str) -> None:
    text = note(diagnosis(cause(change(facts={}, **posted("deploy", old_value=old, new_value=new, details={})))))
    assert f"web rolled out: {said} " in text
    assert action_of(text) == [f"Do: roll back to {back} (web)"]


def test_a_number_that_was_given_as_commit_stays_whole() -> None:
    told = posted("deploy", vendor="jenkins", sha="20261126101057", details={})
    assert "rolled out to 20261126101057" in note(diagnosis(cause(change(**told)))).splitlines()[0]


def test_what_another_system_calls_a_version_is_no_image() -> None:
    told = posted("deploy", vendor="argocd", old_value="release 12", new_value="release 13", details={})
    text = note(diagnosis(cause(change(**told))))
    assert "image" not in text
    assert action_of(text) == ["Do: roll back web to what ran before this deploy with argocd"]


@pytest.mark.parametrize(
    ("vendor", "words"),
    [
        ("keda", "set minReplicas of its autoscaler to 5, if it scaled too far; it overrides a hand"),
        ("acme", "set the replicas of web back to 5 with acme, unless this was meant"),
    ],
)
def test_posted_replicas_are_set_back_where_they_were_set(vendor: str, words: str) -> None:
    told = posted("scale_event", vendor=vendor, entity="web", old_value="5", new_value="2")
    assert action_of(note(diagnosis(cause(change(is_rollout=False, facts={}, **told))))) == [f"Do: {words}"]


def test_a_flag_without_a_name_is_taken_back_as_one_of_its_service() -> None:
    told = posted("flag_change", vendor="acme", old_value="off", new_value="on")
    assert action_of(note(diagnosis(cause(change(is_rollout=False, facts={}, **told))))) == [
        "Do: set the flag of web back to off with acme, unless this was meant"
    ]


@pytest.mark.parametrize("causes", [[], [cause(change(), fault())]])
def test_a_weak_cause_is_a_line_that_says_who_doubts_it(causes: list[Cause]) -> None:
    told = posted("circuit_open", vendor="envoy", entity="payments", confidence=0.2)
    text = note(diagnosis(*causes, weak=[cause(None, fault("other", **told), score=0.1)]))
    line = "Weak: 07:59:30 envoy: circuit breaker payments is open (reported with low confidence): because"
    assert line in text.splitlines()


@pytest.mark.parametrize(("confidence", "is_said"), [(0.01, True), (0.49, True), (0.5, False), (1.0, False)])
def test_a_teller_that_doubts_itself_is_quoted_so(confidence: float, is_said: bool) -> None:
    told = posted("restart", vendor="acme", entity="auth", confidence=confidence)
    assert ("reported with low confidence" in note(diagnosis(cause(None, fault("other", **told))))) is is_said


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://ci.example.com/runs/7", " https://ci.example.com/runs/7"),
        ("http://ci.example.com:8080/runs/a@b", " http://ci.example.com:8080/runs/a@b"),
        ("https://ci.example.com/runs/7?token=SECRET&y=2", " https://ci.example.com/runs/7"),
        ("https://ci.example.com/runs/7#$(reboot)", " https://ci.example.com/runs/7"),
        ("https://ci.example.com?next=https://evil.example", " https://ci.example.com"),
        ("https://github.com:443@evil.example/fix", ""),
        ("https://pagerduty.com@evil.example/login", ""),
        ("https://github.com%40evil.example/login", ""),
        ("https://github.com\\@evil.example/login", ""),
        ("https://ci.example.com/a&reboot", ""),
        ("https://x/$(reboot)", ""),
        ("javascript:alert(1)", ""),
        ("https://x/" + "y" * 300, ""),
    ],
)
def test_only_a_plain_link_ends_its_line(link: str, shown: str) -> None:
    text = note(diagnosis(cause(change(facts={}, **posted("deploy", vendor="argocd", link=link)))))
    assert f"changed: image){shown}   [e1]" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sha": SHA, "old_value": OLD}, "roll back to sha f8b3e22 (web-app) with argocd"),
        ({"old_value": "r/web:1", "new_value": "r/web:2"}, "roll back to 1 (web-app) with argocd"),
        ({"sha": SHA}, "revert commit a4f2c1 (web-app) with argocd"),
        ({"new_value": "v2"}, "roll back web-app to what ran before v2 with argocd"),
        ({}, "roll back web-app to what ran before this deploy with argocd"),
    ],
)
def test_a_posted_deploy_is_taken_back_by_who_did_it(fields: dict[str, str], words: str) -> None:
    bare = change(**posted("deploy", vendor="argocd", entity="web-app", details={}, **fields))
    assert action_of(note(diagnosis(cause(bare)))) == [f"Do: {words}"]


@pytest.mark.parametrize("old", ["off", "$(reboot)", "https://evil.example.com/x", "a b"])
def test_a_former_value_is_only_named_where_it_is_a_plain_one(old: str) -> None:
    told = posted("flag_change", vendor="acme", entity="new-ui", old_value=old, new_value="on")
    action = action_of(note(diagnosis(cause(change(is_rollout=False, facts={}, **told)))))
    back = "back to off" if old == "off" else "back to its former value"
    assert action == [f"Do: set flag new-ui {back} with acme, unless this was meant"]


TOLD = {"vendor": "acme", "actor": "jane", "link": "https://acme.example.com/7", "entity": "payments"}


@pytest.mark.parametrize(
    ("event_type", "more", "words"),
    [
        ("flag_change", {"new_value": "on"}, "flag payments of web turned on (acme; by jane)"),
        ("deploy", {"sha": SHA, "old_value": OLD}, "payments rolled out: f8b3e22 -> a4f2c1 (acme; by jane; of web)"),
        ("scale_event", {"old_value": "5", "new_value": "2"}, "payments scaled: 5 -> 2 (acme; by jane; of web)"),
    ],
)
@pytest.mark.parametrize("word", ["Less likely", "Weak"])
def test_a_lesser_change_names_its_teller(word: str, event_type: str, more: dict[str, str], words: str) -> None:
    base = change(is_rollout=event_type == "deploy", **posted(event_type, details={}, **TOLD, **more))
    lesser = [cause(base, score=0.1)]
    found = diagnosis(cause(change(), fault()), *lesser[word == "Weak" :], weak=lesser[word != "Weak" :])
    assert f"{word}: 07:59:00 {words} https://acme.example.com/7: because" in note(found).splitlines()


@pytest.mark.parametrize(
    ("event_type", "words"),
    [
        ("dependency_failure", "acme: web depends on payments: 503 (by jane)"),
        ("circuit_open", "acme: circuit breaker payments is open (503) (by jane)"),
    ],
)
def test_a_fault_names_its_teller_wherever_it_stands(event_type: str, words: str) -> None:
    told = cause(None, fault("other", text="503", **posted(event_type, **TOLD)), score=0.4)
    assert f"- 07:59:30 {words} https://acme.example.com/7   [e1]" in note(diagnosis(told)).splitlines()
    assert f"Less likely: 07:59:30 {words} https://acme.example.com/7: because" in note(
        diagnosis(cause(change(), fault()), told)
    )


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        ("payments-db-operator", "payments-db-operator"),
        ("acme/web", "acme/web"),
        ("", "web"),
        ("see https://x; y", "web"),
    ],
)
def test_what_was_deployed_is_called_by_its_own_name(entity: str, name: str) -> None:
    told = cause(change(**posted("deploy", vendor="argocd", entity=entity, old_value=OLD, sha=SHA, details={})))
    text = note(diagnosis(told))
    assert text.startswith(f"Likely cause: argocd: {name} was rolled out to a4f2c1, 60 s before this alert")
    assert action_of(text) == [f"Do: roll back to sha f8b3e22 ({name}) with argocd"]


def test_a_lent_commit_names_who_delivered_it() -> None:
    lent = change(facts={"delivered_by": "jane"}, sha=SHA, vendor="github-actions", actor="kubectl-client-side-apply")
    assert "(commit a4f2c1 by jane, as github-actions tells; revision 14; by kubectl-client-side-apply;" in note(
        diagnosis(cause(lent))
    )


@pytest.mark.parametrize(
    ("facts", "teller"),
    [
        ({"lent_by": "github-actions", "delivered_by": "jane"}, " by jane, as github-actions tells"),
        ({"lent_by": "github-actions"}, ", as github-actions tells"),
        ({"lent_by": "kubernetes"}, ", as another system tells"),
        ({"lent_by": "Noctuary"}, ", as another system tells"),
        ({}, ""),
    ],
)
def test_a_loan_is_told_by_its_mark_and_not_by_its_vendor(facts: dict[str, str], teller: str) -> None:
    assert f"(commit a4f2c1{teller}; revision 14;" in note(diagnosis(cause(change(facts=facts, sha=SHA))))


ALIKE = ["ku\u0432ern\u0435t\u0435s", "\uff4b\uff55bernetes", "Kuber-netes", "K\u03c5bernet\u00e9s"]


@pytest.mark.parametrize("vendor", ["kubernetes", "Kubernetes", *ALIKE])
def test_a_posted_change_is_another_systems_also_where_it_calls_itself_kubernetes(vendor: str) -> None:
    told = posted("deploy", vendor=vendor, old_value=OLD, sha=SHA, actor="jane", details={})
    text = note(diagnosis(cause(change(**told))))
    assert "web rolled out: f8b3e22 -> a4f2c1 (another system; by jane)" in text
    assert action_of(text) == ["Do: roll back to sha f8b3e22 (web)"]


def test_a_commit_that_a_kubernetes_posted_is_told_as_another_systems() -> None:
    post = change(**posted("deploy", event_id="p", vendor="kubernetes", entity="web", sha=SHA, details={}))
    text = note(diagnosis(*(cause(each) for each in join_posted([post, change()]))))
    assert "(commit a4f2c1, as another system tells; revision 14;" in text


def test_pods_that_fail_since_a_setting_are_looked_at_before_it_is_taken_back() -> None:
    told = change(is_rollout=False, **posted("schema_change", vendor="flyway", entity="orders", details={}))
    said, command = action_of(
        note(diagnosis(cause(told, fault(facts={"restarts": "2", "container": "web"}), score=0.6)))
    )
    assert said.endswith(
        "the migration of orders fits the version that runs with flyway; look first why its pods fail:"
    )
    assert command == "kubectl -n shop logs --previous web-0 -c web"


def test_the_former_value_of_a_setting_gives_way_to_what_fails_since() -> None:
    values = {"entity": "db-password", "old_value": "2026-11-27-nightly-3f2a9c1", "new_value": "v4", "vendor": "vault"}
    setting = change(is_rollout=False, **posted("config_change", **values))
    failing = fault(pods=["web-1", "web-2", "web-3"])
    first = note(diagnosis(cause(setting, failing, score=0.69))).splitlines()[0]
    assert "(was" not in first
    assert first.endswith("set to v4; 3 pods of web crashed.")
