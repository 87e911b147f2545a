"""A backup of a team's integrations and Secrets, and its restore, as docs/operations/backup.md has them."""

import base64
import copy
import json
from dataclasses import dataclass
from typing import Any

from testbed.operating.team import Team

OF_THE_CLUSTER = ("ownerReferences", "uid", "resourceVersion", "creationTimestamp", "managedFields")
"""What an object's metadata has from the cluster that it was in."""
Object = dict[str, Any]


@dataclass(frozen=True)
class Backup:
    """All Secrets and integrations of a namespace, as they were."""

    secrets: list[Object]
    integrations: list[Object]

    @classmethod
    def of(cls, team: Team) -> "Backup":
        """Read them."""
        found = {kind: (team.get(kind) or {})["items"] for kind in ("secrets", "pdi")}
        return cls(found["secrets"], found["pdi"])

    def restore(self, team: Team, *, keeps: tuple[str, ...] = ()) -> None:
        """Create all in a team's namespace, the Secrets first; `keeps` names what is not taken out of the metadata."""
        for each in (*self.secrets, *self.integrations):
            team.kubectl("create", "-f", "-", input=json.dumps(_for_another(each, team.namespace, keeps)))

    def restore_over(self, team: Team, how: str) -> None:
        """Put the Secrets in the place of those that are there, by `kubectl apply` or `kubectl replace`."""
        for each in self.secrets:
            team.kubectl(how, "-f", "-", input=json.dumps(_for_another(each, team.namespace, ())))

    def restore_at_once(self, team: Team) -> None:
        """Apply all in one go, the integrations first, as tools do that sort by kind."""
        items = [_for_another(each, team.namespace, ()) for each in (*self.integrations, *self.secrets)]
        team.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def _for_another(obj: Object, namespace: str, keeps: tuple[str, ...]) -> Object:
    kept = copy.deepcopy(obj)
    for key in set(OF_THE_CLUSTER) - set(keeps):
        kept["metadata"].pop(key, None)
    kept["metadata"]["namespace"] = namespace
    return kept


def forge_webhook_secret(team: Team, name: str, integration_id: str) -> None:
    """Write the webhook Secret of an integration as its team may: with our labels and any id."""
    values = {"integrationID": integration_id, "token": "f" * 43, "ingestKey": "g" * 43}
    labels = {"noctuary.io/role": "webhook-secret", "noctuary.io/integration-id": integration_id}
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{name}-webhook", "labels": labels},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }
    team.kubectl("create", "-f", "-", input=json.dumps(manifest))
