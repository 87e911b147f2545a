"""The spec of a PagerDutyIntegration, as a person writes it; the CRD holds the same and a test proves it."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from noctuary.common.errors import InvalidInput
from noctuary.common.urls import DEFAULT_PORTS, normal_url

GROUP = "noctuary.io"
VERSION = "v1alpha1"
PLURAL = "pagerdutyintegrations"
KIND = "PagerDutyIntegration"

MAX_SPEC_BYTES = 64 * 1024
"""What a spec may weigh as JSON: 50 ordinary services weigh 10 KB, all bounds of the schema together allow 1.5 MB."""

REGION_API_URL = {"us": "https://api.pagerduty.com", "eu": "https://api.eu.pagerduty.com"}
"""PagerDuty's two service regions (developer documentation, "Service Regions")."""

Duration = Annotated[
    str,
    Field(max_length=16, pattern=r"^([0-9]{1,5}h([0-9]{1,5}m)?([0-9]{1,5}s)?|[0-9]{1,5}m([0-9]{1,5}s)?|[0-9]{1,5}s)$"),
]
PagerDutyID = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9]{1,32}$")]
"""What is far too long for an id, an address say, is refused by the pattern, whose words tell what to copy."""
ObjectName = Annotated[str, Field(min_length=1, max_length=253)]
Namespace = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
DottedName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
]
Direction = Literal["inbound", "outbound", "bidirectional"]
RouteType = Literal["Ingress", "HTTPRoute", "None"]


def _normal_api_url(url: str) -> str:
    return normal_url(url, "spec.apiURL")


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True
    )


class SecretKeyRef(_Part):
    """One key of a Secret in the namespace of the integration."""

    name: ObjectName
    key: ObjectName


class RouteTLS(_Part):
    """The certificate of the webhook host, a Secret in the release namespace."""

    secret_name: ObjectName


class ParentRef(_Part):
    """A Gateway, or one listener of it; its namespace is that of the release when absent."""

    name: ObjectName
    namespace: Namespace | None = None
    section_name: DottedName | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class Route(_Part):
    """How a request for the webhook host gets to the receiver."""

    type: RouteType = "Ingress"
    ingress_class_name: ObjectName | None = None
    annotations: Annotated[dict[str, Annotated[str, Field(max_length=4096)]], Field(max_length=32)] = {}
    tls: RouteTLS | None = None
    parent_refs: Annotated[list[ParentRef], Field(max_length=8)] = []


class Token(_Part):
    """When the secret part of the webhook URL is replaced."""

    rotate_request: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    rotation_interval: Duration | None = None
    overlap: Duration = "10m"


class SubscriptionScope(_Part):
    """What the subscription at PagerDuty covers."""

    type: Literal["service", "team", "account"] = "account"
    id: PagerDutyID | None = None


class Subscription(_Part):
    """The webhook subscription at PagerDuty, made by a person."""

    management: Literal["Manual"] = "Manual"
    scope: SubscriptionScope = SubscriptionScope()
    signing_secret_ref: SecretKeyRef | None = None


class Webhook(_Part):
    """How PagerDuty's webhooks reach us."""

    host: DottedName
    route: Route = Route()
    token: Token = Token()
    subscription: Subscription


class Selector(_Part):
    """Which Kubernetes objects belong to a workload."""

    match_labels: Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=16)] = {}


class Service(_Part):
    """Which workload a PagerDuty service is."""

    name: ObjectName
    pager_duty_service_id: PagerDutyID | None = Field(default=None, alias="pagerDutyServiceID")
    selector: Selector | None = None
    namespaces: Annotated[list[Namespace], Field(max_length=20)] = []
    depends_on: Annotated[list[ObjectName], Field(max_length=50)] = []


class Prometheus(_Part):
    """Where the metrics of the services are."""

    url: Annotated[str, Field(max_length=253, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$")]
    token_secret_ref: SecretKeyRef | None = None

    @property
    def host(self) -> str:
        """The host of the address, in lower case, without the port."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port of the address, also where that is the default one."""
        parts = urlsplit(self.url)
        return parts.port or DEFAULT_PORTS[parts.scheme]


class Enrichment(_Part):
    """How a note's content is found."""

    lookback: Duration = "60m"
    minimum_confidence: Annotated[float, Field(ge=0, le=1)] = 0.3
    prometheus: Prometheus | None = None


class IntegrationSpec(_Part):
    """What the user wants from one integration."""

    direction: Direction = "bidirectional"
    suspend: bool = False
    display_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    region: Literal["us", "eu"] = "us"
    api_url: (
        Annotated[
            str,
            Field(
                max_length=253,
                pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
            ),
            AfterValidator(_normal_api_url),
        ]
        | None
    ) = Field(default=None, alias="apiURL")
    api_token_secret_ref: SecretKeyRef | None = None
    from_email: Annotated[str, Field(max_length=254, pattern=r"^[^@\t\n\f\r ]+@[^@\t\n\f\r ]+$")] | None = Field(
        default=None, alias="from"
    )
    webhook: Webhook | None = None
    services: Annotated[list[Service], Field(max_length=50)] = []
    enrichment: Enrichment = Enrichment()

    @property
    def takes_webhooks(self) -> bool:
        """Whether PagerDuty may post to us."""
        return self.direction != "outbound" and self.webhook is not None

    @property
    def route_type(self) -> RouteType:
        """Which route we are to make; None where PagerDuty does not post to us."""
        return self.webhook.route.type if self.webhook is not None and self.takes_webhooks else "None"

    @property
    def writes_notes(self) -> bool:
        """Whether we are to write into PagerDuty."""
        return self.direction != "inbound"

    @property
    def effective_api_url(self) -> str:
        """The API address in its one spelling: the given one, else that of the region."""
        return self.api_url or REGION_API_URL[self.region]

    @property
    def prometheus_token_ref(self) -> SecretKeyRef | None:
        """The Secret with the token for the Prometheus, where one is named."""
        prometheus = self.enrichment.prometheus
        return prometheus.token_secret_ref if prometheus is not None else None

    @property
    def api_port(self) -> int:
        """The port of the API address, also where that is the default one."""
        parts = urlsplit(self.effective_api_url)
        return parts.port or DEFAULT_PORTS[parts.scheme]

    @property
    def api_host(self) -> str:
        """The host of the API address, in lower case, without the port."""
        return urlsplit(self.effective_api_url).hostname or ""


def parse_spec(raw: Any) -> IntegrationSpec:
    """Read the spec of a custom resource; raise InvalidInput that names the first field in error."""
    try:
        return IntegrationSpec.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(["spec", *(str(part) for part in first["loc"])])
        raise InvalidInput(field, first["msg"].lower(), "compare it with `kubectl explain pdi.spec`") from None


def duration_s(text: str) -> int:
    """Return the seconds of a duration such as 1h30m, 10m or 0s."""
    unit_s = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * unit_s[unit] for count, unit in re.findall(r"([0-9]+)([hms])", text))
