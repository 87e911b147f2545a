"""Posts the Kubernetes Events that a reconcile causes."""

import secrets
from datetime import UTC, datetime
from typing import Any

import structlog

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import KubeClient
from noctuary.models.integration_spec import GROUP, KIND, VERSION
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.plan.events import PlannedEvent
from noctuary_operator.resources import paths
from noctuary_operator.resources.integration import Integration

log = structlog.get_logger()

CONTROLLER = "noctuary.io/operator"
MAX_NOTE = 1000
"""The API server takes 1024 bytes; the rest is in the condition."""


class EventRecorder:
    """Posts Events; one that cannot be posted is counted and forgotten, because the status says the same."""

    def __init__(self, client: KubeClient, identity: str, metrics: OperatorMetrics) -> None:
        self._client = client
        self._identity = identity[:128]
        self._metrics = metrics

    async def post(self, integration: Integration, event: PlannedEvent) -> None:
        """Post one Event about an integration."""
        try:
            await self._client.create(paths.events(integration.namespace), self._manifest(integration, event))
        except KubernetesError as error:
            self._metrics.events_failed.inc()
            log.warning("Event not posted", integration=integration.name, reason=event.reason, error=str(error))

    def _manifest(self, integration: Integration, event: PlannedEvent) -> dict[str, Any]:
        note = event.note.encode()[:MAX_NOTE].decode(errors="ignore")
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{integration.name}.{secrets.token_hex(8)}", "namespace": integration.namespace},
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._identity,
            "type": event.type,
            "reason": event.reason,
            "action": event.action,
            "note": note,
            "regarding": {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": KIND,
                "namespace": integration.namespace,
                "name": integration.name,
                "uid": integration.uid,
            },
        }
