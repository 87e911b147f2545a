"""The way of a webhook through a real release: Helm, one manifest, TLS, the ingress controller, a note."""

from testbed.e2e.team import Team
from testbed.polling import eventually


def test_a_webhook_by_host_name_and_tls_becomes_a_note(team: Team) -> None:
    team.declare(["shop"])
    assert team.url().startswith(f"https://{team.release.host}/webhooks/pagerduty/")
    subscription = team.subscribe()
    status = team.wait_ready()["status"]
    assert {each["type"]: each["status"] for each in status["conditions"]}["RouteReady"] == "True"
    incident = team.pagerduty.trigger("shop", "shop: error rate above 5 %")
    assert "noctuary ref nct:" in team.pagerduty.note(incident)
    (webhook,) = team.pagerduty.webhooks(incident, subscription)
    assert [attempt["status"] for attempt in webhook["attempts"]] == [202]
    eventually(
        "the answer is right",
        lambda: team.conditions()["SubscriptionReady"]["reason"],
        lambda reason: reason == "Active",
    )


def test_the_operators_ingress_has_an_address_and_leads_to_the_release(team: Team) -> None:
    team.set_up(["shop"])
    (route,) = [
        each
        for each in team.kubectl.list("ingresses", team.release.namespace)
        if each["metadata"]["labels"]["noctuary.io/integration-id"] == team.id()
    ]
    assert route["status"]["loadBalancer"]["ingress"] == [{"ip": "127.0.0.1"}]
    assert team.conditions()["RouteReady"]["reason"] in {"AddressAssigned", "SignedRequestSeen"}
