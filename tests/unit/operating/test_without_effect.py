"""What a spec says and cannot have is told, and nothing else is."""

from typing import Any

import pytest

from noctuary.models.integration_spec import parse_spec
from noctuary_operator.plan.without_effect import effect_problem

REF = {"name": "n", "key": "k"}
WEBHOOK = {"host": "a.example.com", "subscription": {"signingSecretRef": REF}}


def service(**more: Any) -> dict[str, Any]:
    return {"services": [{"name": "first"}, {"name": "api", **more}]}


def labels(**pairs: str) -> dict[str, Any]:
    return service(selector={"matchLabels": pairs})


def scoped(type_: str, scope_id: str, *mapped: str | None) -> dict[str, Any]:
    subscription = {"signingSecretRef": REF, "scope": {"type": type_, "id": scope_id}}
    webhook = {"host": "a.example.com", "subscription": subscription}
    return {
        "webhook": webhook,
        "services": [{"name": f"s{n}", "pagerDutyServiceID": id_} for n, id_ in enumerate(mapped)],
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"direction": "outbound"}, "spec.webhook: has no effect"),
        (service(selector={}), "spec.services[1].selector: is empty"),
        (service(selector={"matchLabels": {}}), "spec.services[1].selector: is empty"),
        (labels(app="not a value"), "spec.services[1].selector.matchLabels: no object can carry app=not a value"),
        (labels(app="-a"), "can carry app=-a"),
        (labels(**{"not a key": "a"}), "can carry not a key=a"),
        (labels(**{"a/b/c": "a"}), "can carry a/b/c=a"),
        (labels(**{"Upper.example.com/app": "a"}), "can carry Upper"),
        (labels(**{"k" * 64: "a"}), "can carry kkk"),
        (labels(**{f"{'d' * 254}/app": "a"}), "can carry ddd"),
        (labels(**{"": "a"}), "can carry =a"),
        (service(dependsOn=["db", "api"]), "spec.services[1].dependsOn: names api itself"),
        (service(dependsOn=["API"]), "spec.services[1].dependsOn: names api itself"),
        (service(dependsOn=["api "]), "spec.services[1].dependsOn: names api itself"),
        (service(name=" "), "spec.services[1].name: begins or ends with a blank"),
        (service(name="api\n"), "spec.services[1].name: begins or ends with a blank"),
        (service(name="a\0pi"), "spec.services[1].name: begins or ends with a blank, or holds a character"),
        (service(pagerDutyServiceID="pabc123"), "spec.services[1].pagerDutyServiceID: no id of PagerDuty has small"),
        (scoped("service", "pabc123"), "spec.webhook.subscription.scope.id: no id of PagerDuty has small letters"),
        (scoped("team", "Pabc123"), "spec.webhook.subscription.scope.id: no id of PagerDuty has small letters"),
        (scoped("service", "PABC123", "PZZZ999"), "spec.services: none is mapped to PABC123"),
    ],
)
def test_a_part_that_can_have_no_effect_is_named_with_the_fix(changes: dict[str, Any], said: str) -> None:
    problem = effect_problem(parse_spec({"webhook": WEBHOOK, "apiTokenSecretRef": REF, **changes}))
    assert problem is not None
    assert said in problem.message
    assert ";" in problem.message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"direction": "inbound"},
        labels(app="a", empty=""),
        labels(**{"app.kubernetes.io/name": "A_b.c-9", "k" * 63: "v" * 63}),
        service(dependsOn=["first", "db"], namespaces=["team"]),
        service(name="Payments API"),
        scoped("service", "PABC123"),
        scoped("service", "PABC123", "PZZZ999", "PABC123"),
        scoped("service", "PABC123", "PZZZ999", None),
        scoped("team", "PABC123", "PZZZ999"),
        {"direction": "inbound", **scoped("service", "PABC123", "PABC123")},
    ],
)
def test_what_has_an_effect_is_no_problem(changes: dict[str, Any]) -> None:
    assert effect_problem(parse_spec({"webhook": WEBHOOK, "apiTokenSecretRef": REF, **changes})) is None


def test_of_many_the_first_are_named_and_the_rest_counted() -> None:
    services = [{"name": f"s{n}", "selector": {}} for n in range(50)]
    problem = effect_problem(parse_spec({"webhook": WEBHOOK, "apiTokenSecretRef": REF, "services": services}))
    assert problem is not None
    assert problem.message.endswith("; and 45 more")
    assert problem.message.count("is empty") == 5
