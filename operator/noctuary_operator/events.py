"""Kubernetes Events for the moments a person cares about: rotated, a problem appeared, a problem is gone."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from noctuary.errors import KubernetesError
from noctuary.integration import GROUP, KIND, VERSION
from noctuary.kube.client import KubeClient
from noctuary_operator import paths, reasons
from noctuary_operator.desired import Desired
from noctuary_operator.integrations import Integration
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.status import Condition, Status

log = structlog.get_logger()

CONTROLLER = "noctuary.io/operator"
MAX_NOTE = 1000
"""The API server takes 1024 bytes; the rest is in the condition."""
ONLY_ON_READY = frozenset({reasons.INVALID_SPEC, reasons.CONSENT_MISSING})
"""Reasons that no part carries: for them the sum itself is the moment."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One Event to be posted."""

    type: str
    reason: str
    action: str
    note: str


def moments(before: Status, after: Status, desired: Desired | None) -> list[Moment]:
    """Return what happened between two statuses. Pure."""
    return [*_rotations(desired), *_transitions(before, after)]


def _rotations(desired: Desired | None) -> list[Moment]:
    if desired is None:
        return []
    found = []
    if desired.token is not None and desired.token.rotated_because is not None:
        note = f"The webhook URL changed: {desired.token.rotated_because}"
        found.append(Moment("Normal", reasons.TOKEN_ROTATED, "Rotate", note))
    if desired.ingest_key_rotated_because is not None:
        note = f"The ingest key changed: {desired.ingest_key_rotated_because}"
        found.append(Moment("Normal", reasons.INGEST_KEY_ROTATED, "Rotate", note))
    return found


def _transitions(before: Status, after: Status) -> list[Moment]:
    found = []
    types = sorted({condition.type for condition in (*before.conditions, *after.conditions)})
    for type_ in types:
        old, new = _own_problem(before.condition(type_)), _own_problem(after.condition(type_))
        if new is not None and (old is None or old.reason != new.reason):
            found.append(Moment("Warning", new.reason, "Check", new.message))
        elif old is not None and new is None:
            found.append(Moment("Normal", "Healed", "Check", f"{old.reason} is over"))
    return found


def _own_problem(condition: Condition | None) -> Condition | None:
    if condition is None or condition.status != "False":
        return None
    return None if condition.type == "Ready" and condition.reason not in ONLY_ON_READY else condition


class Recorder:
    """Posts Events; one that cannot be posted is counted and forgotten, because the status says the same."""

    def __init__(self, client: KubeClient, identity: str, metrics: OperatorMetrics) -> None:
        self._client = client
        self._identity = identity[:128]
        self._metrics = metrics

    async def post(self, integration: Integration, moment: Moment) -> None:
        """Post one Event about an integration."""
        try:
            await self._client.create(paths.events(integration.namespace), self._manifest(integration, moment))
        except KubernetesError as error:
            self._metrics.events_failed.inc()
            log.warning("Event not posted", integration=integration.name, reason=moment.reason, error=str(error))

    def _manifest(self, integration: Integration, moment: Moment) -> dict[str, Any]:
        note = moment.note.encode()[:MAX_NOTE].decode(errors="ignore")
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{integration.name}.{secrets.token_hex(8)}", "namespace": integration.namespace},
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._identity,
            "type": moment.type,
            "reason": moment.reason,
            "action": moment.action,
            "note": note,
            "regarding": {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": KIND,
                "namespace": integration.namespace,
                "name": integration.name,
                "uid": integration.uid,
            },
        }
