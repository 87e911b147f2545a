"""Our health check for Argo CD, run by the Lua that Argo CD speaks."""

from pathlib import Path
from typing import Any

import pytest
from lupa.lua51 import LuaRuntime  # type: ignore[import-untyped]  # compiled, without stubs

from noctuary_operator.resources import reasons

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "argocd" / "health.lua"
DEGRADED = (
    reasons.API_TOKEN_MISSING,
    reasons.API_HOST_NOT_ALLOWED,
    reasons.CONSENT_MISSING,
    reasons.GATEWAY_API_MISSING,
    reasons.GATEWAY_REFUSED,
    reasons.HOST_NOT_ALLOWED,
    reasons.INVALID_SPEC,
    reasons.ROUTE_REFUSED,
    reasons.SECRET_NAME_TAKEN,
)


def health(resource: dict[str, Any]) -> tuple[str, str]:
    lua = LuaRuntime(unpack_returned_tuples=True)
    lua.globals()["obj"] = lua.table_from(resource, recursive=True)
    answer = lua.execute(SCRIPT.read_text())
    return answer["status"], answer["message"]


def integration(status: str, reason: str, *, generation: int = 1, suspend: bool = False) -> dict[str, Any]:
    ready = {"type": "Ready", "status": status, "reason": reason, "message": f"because {reason}"}
    other = {"type": "TokenReady", "status": "True", "reason": "TokenIssued", "message": "other"}
    return {
        "metadata": {"generation": generation},
        "spec": {"suspend": suspend},
        "status": {"observedGeneration": 1, "conditions": [other, ready]},
    }


@pytest.mark.parametrize("reason", [reasons.ACTIVE, reasons.AWAITING_FIRST_WEBHOOK])
def test_a_ready_integration_is_healthy(reason: str) -> None:
    assert health(integration("True", reason)) == ("Healthy", f"because {reason}")


def test_a_suspended_integration_is_suspended() -> None:
    assert health(integration("True", reasons.SUSPENDED, suspend=True))[0] == "Suspended"


def test_a_suspended_integration_that_does_not_work_is_degraded() -> None:
    assert health(integration("False", reasons.API_TOKEN_MISSING, suspend=True))[0] == "Degraded"


@pytest.mark.parametrize(("status", "reason"), [("Unknown", "RouteNotAdmitted"), ("False", "SigningSecretMissing")])
def test_an_integration_that_awaits_a_first_step_is_progressing(status: str, reason: str) -> None:
    assert health(integration(status, reason))[0] == "Progressing"


@pytest.mark.parametrize("reason", DEGRADED)
def test_an_integration_that_somebody_must_mend_is_degraded(reason: str) -> None:
    assert health(integration("False", reason)) == ("Degraded", f"because {reason}")


def test_an_integration_is_progressing_until_its_latest_change_was_seen() -> None:
    assert health(integration("True", reasons.ACTIVE, generation=2))[0] == "Progressing"


@pytest.mark.parametrize("status", [None, {}, {"observedGeneration": 1}, {"observedGeneration": 1, "conditions": []}])
def test_an_integration_that_was_not_reported_yet_is_progressing(status: dict[str, Any] | None) -> None:
    resource: dict[str, Any] = {"metadata": {"generation": 1}, "spec": {}}
    if status is not None:
        resource["status"] = status
    assert health(resource)[0] == "Progressing"
