"""All that one reconcile reads: a snapshot, so that what follows from it can be pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from noctuary.models.reports import IntegrationReport
from noctuary.models.routing_record import RoutingRecord
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.objects import RouteObject


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value that a Secret should hold, or why there is none; `is_unusable`: it is there and cannot work."""

    value: str | None = None
    missing: str | None = None
    is_unusable: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """The integration, what exists in the cluster for it, and the time in seconds since the epoch."""

    integration: Integration
    now: float
    id: str
    """The id of the integration: its URL, record, routes and notes are known by it."""
    record: RoutingRecord | None = None
    webhook_secret: Mapping[str, str] = field(default_factory=dict)
    secret_name_taken: bool = False
    routes: Mapping[str, RouteObject] = field(default_factory=dict)
    api_token: Lookup = Lookup()
    signing_secret: Lookup = Lookup()
    prometheus_token: Lookup = Lookup()
    consents: Mapping[str, bool] = field(default_factory=dict)
    unwatched: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    """Mapped namespaces that are not there, as far as this release can see."""
    report: IntegrationReport | None = None
    displacer: str | None = None
    """Who the report says writes the notes instead, as far as this namespace may know."""
    minted: Minted | None = None
    held_elsewhere: Collection[str] = frozenset()
    """Which values of the webhook Secret, by their keys, are the token or the ingest key of another integration."""

    @property
    def route(self) -> RouteObject | None:
        """The route of the wanted kind."""
        spec = self.integration.spec
        return self.routes.get(spec.route_type) if spec is not None else None
