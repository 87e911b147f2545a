"""Whether metrics are read: the host is allowed and the token is there, and the condition says what is missing."""

from noctuary.models.integration_spec import parse_spec
from noctuary.models.routing_record import PrometheusAccess
from noctuary_operator.plan.conditions import Outcome, status_of
from noctuary_operator.plan.desired import Desired, compile_desired
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.resources.integration import Integration, secret_refs
from noctuary_operator.resources.status import Condition, IntegrationStatus
from tests.unit.operating.test_desired import BACKEND, POLICY, URL

TOKEN_REF = {"name": "prometheus", "key": "token"}


def planned(url: str = URL, ref: object = None, token: Lookup | None = None) -> tuple[Desired, Condition | None]:
    prometheus = {"url": url} | ({"tokenSecretRef": ref} if ref else {})
    wanted = {"direction": "outbound", "apiTokenSecretRef": {"name": "n", "key": "k"}}
    spec = parse_spec(wanted | {"enrichment": {"prometheus": prometheus}})
    integration = Integration("uid", "team", "payments", 1, 0.0, 1, False, spec, None, IntegrationStatus())
    observed = Observed(integration, 0.0, "uid", api_token=Lookup("pd"), prometheus_token=token or Lookup())
    desired = compile_desired(observed, spec, POLICY, BACKEND, lambda: "n" * 43)
    status = status_of(observed, spec, desired, Outcome(), BACKEND)
    return desired, status.condition("MetricsReady")


def test_the_receiver_learns_where_the_metrics_are_and_with_which_token() -> None:
    desired, condition = planned(ref=TOKEN_REF, token=Lookup("t0p"))
    assert desired.record.prometheus == PrometheusAccess(URL, "t0p")
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", "PrometheusConfigured")


def test_a_host_that_the_release_does_not_name_is_not_asked() -> None:
    desired, condition = planned("http://169.254.169.254/latest")
    assert desired.record.prometheus is None
    assert condition is not None
    assert (condition.status, condition.reason) == ("False", "PrometheusHostNotAllowed")
    assert "policy.prometheusHosts" in condition.message


def test_the_port_counts_where_the_release_names_one() -> None:
    desired, _ = planned("http://prometheus.monitoring:9091")
    assert desired.record.prometheus is None


def test_without_its_token_it_is_not_asked_at_all() -> None:
    desired, condition = planned(ref=TOKEN_REF, token=Lookup(missing="Secret prometheus does not exist"))
    assert desired.record.prometheus is None
    assert condition is not None
    assert condition.reason == "PrometheusTokenMissing"
    assert "Secret prometheus does not exist" in condition.message


def test_its_secret_is_watched() -> None:
    wanted = {"direction": "inbound", "enrichment": {"prometheus": {"url": URL, "tokenSecretRef": TOKEN_REF}}}
    assert [ref.name for ref in secret_refs(parse_spec(wanted))] == ["prometheus"]
