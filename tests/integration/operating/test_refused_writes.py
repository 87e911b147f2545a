"""A write that is refused is one state: one Event, one token, and no writes until something changes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from testbed.localkube.errors import LocalKubeError
from testbed.operating.team import OperatorProcess, StartOperator, Team, TeamOf
from testbed.polling import eventually

QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"secrets": "0"}}}
POLICY = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "no-webhook-secret"}}
BINDING = {"policyName": "no-webhook-secret", "validationActions": ["Deny"]}
TOUCHES = 10
"""Changes of a Secret that is referred to: each has the integration reconciled once more."""


@pytest.fixture
def own_operator(start_operator: StartOperator) -> OperatorProcess:
    return start_operator()


def take_the_name(team: Team) -> None:
    team.store("payments-webhook", mine="1")


def give_the_name_back(team: Team) -> None:
    team.kubectl("delete", "secret", "payments-webhook")


def set_a_quota(team: Team) -> None:
    team.kubectl("create", "-f", "-", input=json.dumps(QUOTA))
    patch = json.dumps({"status": {"hard": {"secrets": "0"}, "used": {"secrets": "0"}}})  # no controller does it here
    team.kubectl("patch", "resourcequota", "few", "--subresource=status", "--type=merge", "-p", patch)


def lift_the_quota(team: Team) -> None:
    team.kubectl("delete", "resourcequota", "few")


def set_a_policy(team: Team) -> None:
    for kind, spec in (("ValidatingAdmissionPolicy", policy(team)), ("ValidatingAdmissionPolicyBinding", BINDING)):
        team.kubectl("create", "-f", "-", input=json.dumps({**POLICY, "kind": kind, "spec": spec}))
    eventually("the policy refuses", lambda: is_refused(team))


def policy(team: Team) -> dict[str, Any]:
    """Refuse new Secrets of one name in the team's namespace."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": team.namespace}}
    return {
        "matchConstraints": {"namespaceSelector": chosen, "resourceRules": [rule]},
        "validations": [{"expression": "object.metadata.name != 'payments-webhook'"}],
    }


def is_refused(team: Team) -> bool:
    try:
        team.kubectl("create", "secret", "generic", "payments-webhook", "--dry-run=server")
    except LocalKubeError:
        return True
    return False


def lift_the_policy(team: Team) -> None:
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        team.kubectl("delete", kind, "no-webhook-secret")


def state(team: Team) -> tuple[Any, ...]:
    """What a write would change: versions of the integration and its record, its serial, its Events."""
    uid, integration = team.uid("payments"), team.existing("pdi", "payments")
    record = team.existing_record(uid)
    return integration["metadata"]["resourceVersion"], record, integration["status"]["token"], team.events("payments")


def touch(team: Team, operator: OperatorProcess) -> None:
    """Change a Secret that the integration refers to in nothing that matters; wait for the reconcile."""
    for n in range(TOUCHES):
        before = operator.reconciles()
        team.kubectl("annotate", "--overwrite", "secret", "pagerduty", f"touched={n}")
        eventually("a reconcile", lambda before=before: operator.reconciles() > before)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("refuse", "reason", "allow"),
    [
        pytest.param(take_the_name, "SecretNameTaken", give_the_name_back, id="name taken"),
        pytest.param(set_a_quota, "SecretRefused", lift_the_quota, id="quota"),
        pytest.param(set_a_policy, "SecretRefused", lift_the_policy, id="admission policy"),
    ],
)
def test_a_webhook_secret_that_cannot_be_written_is_one_state_and_one_event(
    own_operator: OperatorProcess,
    team_of: TeamOf,
    refuse: Callable[[Team], None],
    reason: str,
    allow: Callable[[Team], None],
) -> None:
    team = team_of(own_operator)
    refuse(team)
    team.apply("payments")
    team.settled("payments", reason, "TokenReady")
    eventually("the Event", lambda: reason in team.events("payments"))
    before = state(team)
    touch(team, own_operator)
    assert state(team) == before
    assert (before[2]["serial"], before[3].count(reason)) == (1, 1)
    allow(team)
    team.settled("payments", "AwaitingFirstWebhook", deadline_s=120)
    assert team.existing_record(team.uid("payments")).tokens == before[1].tokens
