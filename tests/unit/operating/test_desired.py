"""What the user wants reaches the record that the receiver reads."""

from dataclasses import replace

import msgspec
import pytest

from noctuary.models.integration_spec import parse_spec
from noctuary.models.routing_record import PrometheusAccess, RoutingRecord, ServiceMapping
from noctuary.models.suspension import Suspension
from noctuary_operator.plan.desired import compile_desired, minted_of
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.plan.policy import Policy
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.status import IntegrationStatus

URL = "http://prometheus.monitoring:9090"
POLICY = Policy(
    webhook_hosts=(),
    api_hosts=("api.pagerduty.com", "api.eu.pagerduty.com"),
    route_annotations=(),
    prometheus_hosts=("prometheus.monitoring:9090",),
)
BACKEND = Backend("noctuary", "noctuary-receiver", 8080)


def record_of(**fields: object) -> RoutingRecord:
    return next_record(None, 0.0, **fields)


def next_record(before: RoutingRecord | None, now: float, /, **fields: object) -> RoutingRecord:
    spec = parse_spec({"direction": "outbound", "apiTokenSecretRef": {"name": "n", "key": "k"}, **fields})
    integration = Integration("uid", "team", "payments", 1, 0.0, 1, False, spec, None, IntegrationStatus())
    observed = Observed(integration, now, "uid", before, api_token=Lookup("secret"))
    return compile_desired(observed, spec, POLICY, BACKEND, lambda: "n" * 43).record


@pytest.mark.parametrize(
    ("wanted", "field", "value"),
    [
        ({"suspend": True}, "suspend", True),
        ({"from": "bot@example.com"}, "from_email", "bot@example.com"),
        ({"region": "eu"}, "api_url", "https://api.eu.pagerduty.com"),
        ({"enrichment": {"lookback": "2h"}}, "lookback_s", 7200),
        ({"enrichment": {"prometheus": {"url": URL}}}, "prometheus", PrometheusAccess(URL)),
        ({"enrichment": {"minimumConfidence": 0.5}}, "minimum_confidence", 0.5),
        ({"services": [{"name": "api"}]}, "services", [ServiceMapping("api", namespaces=["team"])]),
        ({}, "api_token", "secret"),
        ({"apiURL": "https://API.pagerduty.com:443/."}, "api_url", "https://api.pagerduty.com"),
    ],
)
def test_a_field_of_the_spec_is_in_the_record(wanted: dict[str, object], field: str, value: object) -> None:
    assert getattr(record_of(**wanted), field) == value


def test_a_namespace_that_is_left_out_is_in_the_record_with_why() -> None:
    names = ["team", "open", "closed", "unwatched", "gone"]
    spec = parse_spec({"direction": "outbound", "services": [{"name": "api", "namespaces": names}]})
    observed = Observed(
        Integration("uid", "team", "payments", 1, 0.0, 1, False, spec, None, IntegrationStatus()),
        0.0,
        "uid",
        consents={"open": True, "unwatched": True},
        unwatched=frozenset(["unwatched"]),
        missing=frozenset(["gone"]),
    )
    (service,) = compile_desired(observed, spec, POLICY, BACKEND, lambda: "n" * 43).record.services
    assert service.namespaces == ["team", "open"]
    assert service.closed == {"closed": "no consent", "unwatched": "not watched", "gone": "no such namespace"}


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([False], []),
        ([False, True], [Suspension(1.0)]),
        ([False, True, True, False, False], [Suspension(1.0, 3.0)]),
        ([False, True, False, True, False], [Suspension(1.0, 2.0), Suspension(3.0, 4.0)]),
        ([True, False], [Suspension(0.0, 1.0)]),
        ([False, True, False] * 20, [Suspension(n * 3 + 1.0, n * 3 + 2.0) for n in range(12, 20)]),
    ],
)
def test_the_record_keeps_when_it_was_suspended(steps: list[bool], kept: list[Suspension]) -> None:
    record = None
    for now, suspend in enumerate(steps):
        record = next_record(record, float(now), suspend=suspend)
    assert record is not None
    assert record.suspensions == kept


def test_a_suspension_that_began_in_an_older_release_may_have_begun_at_any_time() -> None:
    older = msgspec.structs.replace(record_of(suspend=True), suspensions=[])
    assert next_record(older, 5.0, suspend=False).suspensions == [Suspension(0.0, 5.0)]


@pytest.mark.parametrize("address", ["bö@example.com", "bot@exämple.com", "b\x00t@example.com", "bot@example.com\x7f"])
def test_a_from_that_no_header_can_carry_is_in_no_record_and_nothing_is_sent(address: str) -> None:
    record = record_of(**{"from": address})
    assert (record.from_email, record.api_token, record.api_url) == (None, None, "https://api.pagerduty.com")


@pytest.mark.parametrize(
    ("held", "is_made"),
    [
        ({}, True),
        ({"token": "n" * 43}, True),
        ({"token": "o" * 43, "ingestKey": "n" * 43}, True),
        ({"token": "n" * 43, "ingestKey": "n" * 43}, False),
    ],
)
def test_only_what_the_webhook_secret_does_not_hold_is_left_to_the_next_attempt(
    held: dict[str, str], *, is_made: bool
) -> None:
    webhook = {
        "host": "noctuary.example.com",
        "route": {"type": "None"},
        "subscription": {"scope": {"type": "account"}, "signingSecretRef": {"name": "signing", "key": "secret"}},
    }
    spec = parse_spec({"direction": "inbound", "webhook": webhook})
    observed = Observed(
        Integration("uid", "team", "payments", 1, 0.0, 1, False, spec, None, IntegrationStatus()), 0.0, "uid"
    )
    desired = compile_desired(observed, spec, POLICY, BACKEND, lambda: "n" * 43)
    minted = minted_of(replace(observed, webhook_secret=held), desired, lambda: "f" * 43)
    assert minted == (Minted("n" * 43, None, "n" * 43, None) if is_made else None)
