"""The handler of changes of our custom resource: keeps what is known of integrations, wakes what a change concerns."""

from collections.abc import Callable
from typing import Any

from noctuary_operator.watch.cluster_view import ClusterView, Wake


class IntegrationEvents:
    """Handles what the watch of PagerDutyIntegrations shows."""

    def __init__(self, view: ClusterView, wake: Wake, on_integrations: Callable[[], None]) -> None:
        self._view = view
        self._wake = wake
        self._on_integrations = on_integrations

    def on_event(self, change: str | None, raw: dict[str, Any]) -> None:
        """Handle one change: its type (None: from a list) and the raw object."""
        uid = raw["metadata"]["uid"]
        if change == "DELETED":
            self._view.deleted.add(uid)
            concerned = {uid, *self._view.integrations.drop(uid)}
            for each in concerned:
                self._wake(each)
            return
        self._view.deleted.discard(uid)
        for each in self._view.integrations.upsert(raw):
            self._wake(each)
        self._on_integrations()
