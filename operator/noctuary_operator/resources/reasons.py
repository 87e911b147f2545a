"""The reasons that conditions and Events carry; docs/design/operator.md lists them for users."""

# Ready only; otherwise Ready carries the reason of the part that decides it.
INVALID_SPEC = "InvalidSpec"
"""The spec cannot be read: the resource is older or newer than this operator."""
SPEC_TOO_LARGE = "SpecTooLarge"
"""The spec weighs more than an integration may; it is not read."""
TOO_MANY_INTEGRATIONS = "TooManyIntegrations"
"""The namespace has as many older integrations as it may have."""
CONSENT_MISSING = "ConsentMissing"
"""A mapped namespace has not consented; its objects are not read."""
NAMESPACE_MISSING = "NamespaceMissing"
"""A mapped namespace does not exist, or this release may not see it."""
PART_WITHOUT_EFFECT = "PartWithoutEffect"
"""Something in the spec can have no effect, and its author means that it has."""
SUSPENDED = "Suspended"
"""spec.suspend is true: webhooks are stored, nothing is posted."""

QUOTA_REACHED = "QuotaReached"
"""The namespace keeps as much in the store as it may: events are refused, or the first to expire go."""

FOREIGN_PAYLOADS = "ForeignPayloads"
"""Another system, or PagerDuty in another form, sends to our addresses; of SubscriptionReady, too."""
ITEMS_LEFT_OUT = "ItemsLeftOut"
"""Something of PagerDuty's could not be read: a signed webhook, or an incident of a list."""

# TokenReady
TOKEN_ISSUED = "TokenIssued"  # noqa: S105 - a reason
"""The webhook Secret holds a token that the receiver accepts."""
SECRET_NAME_TAKEN = "SecretNameTaken"  # noqa: S105 - a reason
"""A Secret of the needed name exists and is not ours."""
SECRET_REFUSED = "SecretRefused"  # noqa: S105 - a reason
"""The API server refused the webhook Secret, by quota or policy."""
INTEGRATION_ID_TAKEN = "IntegrationIDTaken"
"""The id that the webhook Secret names belongs to another integration."""
SECRET_ACCESS_MISSING = "SecretAccessMissing"  # noqa: S105 - a reason
"""The operator may not read the Secrets of the namespace."""

# RouteReady
ADDRESS_ASSIGNED = "AddressAssigned"
"""The Ingress controller reported an address."""
SIGNED_REQUEST_SEEN = "SignedRequestSeen"
"""A signed request came in through the route, whatever the controller reports."""
ROUTE_NOT_ADMITTED = "RouteNotAdmitted"
"""The route is applied and no controller has admitted it."""
GATEWAY_ACCEPTED = "GatewayAccepted"
"""Every Gateway of spec.webhook.route.parentRefs accepted the HTTPRoute and found the receiver's Service."""
GATEWAY_REFUSED = "GatewayRefused"
"""A Gateway refuses the HTTPRoute: its listeners do not allow it, or none fits."""
BACKEND_NOT_RESOLVED = "BackendNotResolved"
"""A Gateway accepted the HTTPRoute and does not find the receiver's Service."""
GATEWAY_API_MISSING = "GatewayAPIMissing"
"""The cluster does not serve HTTPRoutes: the Gateway API is not installed."""
HOST_NOT_ALLOWED = "HostNotAllowed"
"""The operator may not claim this host."""
ANNOTATION_NOT_ALLOWED = "AnnotationNotAllowed"
"""The operator may not set this annotation."""
INGRESS_CLASS_NOT_ALLOWED = "IngressClassNotAllowed"
"""The operator may not make Ingresses of this class."""
TLS_SECRET_NOT_ALLOWED = "TLSSecretNotAllowed"  # noqa: S105 - a reason
"""The operator may not name this certificate in an Ingress."""
ROUTE_REFUSED = "RouteRefused"
"""The API server refused the Ingress or HTTPRoute."""

# SubscriptionReady
SIGNING_SECRET_MISSING = "SigningSecretMissing"  # noqa: S105 - a reason
"""The Secret or key with the signing secret does not exist yet."""
SIGNING_SECRET_UNUSABLE = "SigningSecretUnusable"  # noqa: S105 - a reason
"""The signing secret is none that PagerDuty can have made."""
SIGNING_SECRET_WRONG = "SigningSecretWrong"  # noqa: S105 - a reason
"""Webhooks come that the signing secret did not sign, and none has come that it did."""
AWAITING_FIRST_WEBHOOK = "AwaitingFirstWebhook"
"""All is in place; no signed webhook has come with the current token."""
ACTIVE = "Active"
"""A signed webhook has come with the current token."""
OUTSIDE_SCOPE = "OutsideScope"
"""Signed webhooks come, and none has come that is within the scope."""

# OutboundReady
API_TOKEN_LOADED = "ApiTokenLoaded"  # noqa: S105 - a reason
"""The API token was found and handed to the receiver."""
NOTES_BY_ANOTHER = "NotesByAnother"
"""Another integration of the account writes the notes: its scope is narrower, it is older, or it came first."""
API_TOKEN_MISSING = "ApiTokenMissing"  # noqa: S105 - a reason
"""The Secret or key with the API token does not exist."""
API_TOKEN_UNUSABLE = "ApiTokenUnusable"  # noqa: S105 - a reason
"""The API token is none that an HTTP header can carry."""
FROM_UNUSABLE = "FromUnusable"
"""spec.from is none that an HTTP header can carry."""
API_TOKEN_REFUSED = "ApiTokenRefused"  # noqa: S105 - a reason
"""PagerDuty refuses the API token, or what it would be used for."""
FROM_REFUSED = "FromRefused"
"""PagerDuty refuses the From address, or needs one."""
API_URL_WRONG = "ApiUrlWrong"
"""What answers at spec.apiURL is not PagerDuty's REST API."""
API_HOST_NOT_ALLOWED = "ApiHostNotAllowed"
"""The operator may not send API tokens to this host, or not over plain http."""

# MetricsReady
PROMETHEUS_CONFIGURED = "PrometheusConfigured"
"""The receiver knows where the metrics are; whether they answer stands in each note."""
PROMETHEUS_HOST_NOT_ALLOWED = "PrometheusHostNotAllowed"
"""The receiver may not ask this host for metrics."""
PROMETHEUS_TOKEN_MISSING = "PrometheusTokenMissing"  # noqa: S105 - a reason
"""The Secret or key with the token for the Prometheus does not exist, or cannot work."""

# Events only
READY = "Ready"
"""Ready became True."""
TOKEN_ROTATED = "TokenRotated"  # noqa: S105 - a reason
"""The webhook URL changed."""
TOKEN_ADOPTED = "TokenAdopted"  # noqa: S105 - a reason
"""The webhook URL was found in the webhook Secret, and is all that is taken over."""
INGEST_KEY_ROTATED = "IngestKeyRotated"
"""The key for posting events changed."""
