"""Whether an operator leaves an integration alone whose state is as it should be, or as it has to stay."""

from typing import Any

from testbed.operating.team import OperatorProcess, Team
from testbed.polling import eventually

TOUCHES = 5
"""Changes of a Secret that is referred to: each has the integration reconciled once more."""


def state(team: Team) -> dict[str, Any]:
    """What a write would change: versions of the integration and its record, its token, its Events."""
    integration = team.existing("pdi", "payments")
    return {
        "version": integration["metadata"]["resourceVersion"],
        "record": team.record(team.id("payments")),
        "token": integration["status"].get("token"),
        "events": team.events("payments"),
    }


def touch(team: Team, operator: OperatorProcess, times: int = TOUCHES) -> None:
    """Change a Secret that the integration refers to in nothing that matters; wait for the reconcile."""
    for n in range(times):
        before = operator.reconciles()
        team.kubectl("annotate", "--overwrite", "secret", "pagerduty", f"touched={before}-{n}")
        eventually("a reconcile", lambda before=before: operator.reconciles() > before)  # type: ignore[misc]


def stays(team: Team, operator: OperatorProcess) -> None:
    """Have it tried again and again, before and after a restart of the operator; raise AssertionError if it changed."""
    before = state(team)
    touch(team, operator)
    operator.stop()
    operator.start()
    touch(team, operator)
    if state(team) != before:
        raise AssertionError(f"it was {before} and is {state(team)}")
