"""One PagerDutyIntegration, typed."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from noctuary.common.clock import parse_time
from noctuary.common.errors import InvalidInput
from noctuary.models.integration_spec import MAX_SPEC_BYTES, IntegrationSpec, SecretKeyRef, parse_spec
from noctuary_operator.resources.status import IntegrationStatus

ObjectKey = tuple[str, str]
"""Namespace and name."""


class _Meta(msgspec.Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    resource_version: str
    generation: int
    creation_timestamp: str
    deletion_timestamp: str | None = None


class _Resource(msgspec.Struct):
    metadata: _Meta
    spec: Any = None
    status: Any = None


@dataclass(frozen=True, slots=True)
class Integration:
    """One custom resource; `spec` is None when it cannot be read, and `spec_error` says why.

    A spec that weighs more than `MAX_SPEC_BYTES` is not read and not kept; one that `is_bare` is read when needed.
    """

    uid: str
    namespace: str
    name: str
    generation: int
    created_at: float
    version: int
    deleting: bool
    spec: IntegrationSpec | None
    spec_error: str | None
    status: IntegrationStatus
    spec_is_too_large: bool = False
    is_bare: bool = False

    def without_spec(self) -> "Integration":
        """Return what is kept of an integration that is not served."""
        return replace(self, spec=None, spec_error=None, is_bare=True)

    @property
    def path(self) -> str:
        """Its namespace and name, as people read them."""
        return f"{self.namespace}/{self.name}"

    @property
    def webhook_secret_name(self) -> str:
        """The name of the Secret beside the resource."""
        return f"{self.name}-webhook"


def read_integration(raw: dict[str, Any], known: Integration | None = None) -> Integration:
    """Turn a raw object into a typed one; the spec of the same generation is not parsed twice."""
    resource = msgspec.convert(raw, _Resource)
    meta = resource.metadata
    if known is not None and known.generation == meta.generation and not known.is_bare:
        spec, problem, is_too_large = known.spec, known.spec_error, known.spec_is_too_large
    else:
        weight = len(msgspec.json.encode(resource.spec))
        is_too_large = weight > MAX_SPEC_BYTES
        spec, problem = (None, _too_large(weight)) if is_too_large else _read_spec(resource.spec)
    return Integration(
        uid=meta.uid,
        namespace=meta.namespace,
        name=meta.name,
        generation=meta.generation,
        created_at=parse_time(meta.creation_timestamp),
        version=int(meta.resource_version),
        deleting=meta.deletion_timestamp is not None,
        spec=spec,
        spec_error=problem,
        status=_read_status(resource.status),
        spec_is_too_large=is_too_large,
    )


def _too_large(weight: int) -> str:
    return (
        f"spec: weighs {weight} bytes as JSON, more than the {MAX_SPEC_BYTES} that one integration may; "
        "remove services or shorten their lists, or divide them among several integrations"
    )


def _read_spec(raw: Any) -> tuple[IntegrationSpec | None, str | None]:
    try:
        return parse_spec(raw), None
    except InvalidInput as error:
        return None, str(error)


def _read_status(raw: Any) -> IntegrationStatus:
    try:
        return msgspec.convert(raw or {}, IntegrationStatus)
    except msgspec.ValidationError:
        return IntegrationStatus()  # written by a stranger or a later version: ours replaces it


def secret_refs(spec: IntegrationSpec) -> list[SecretKeyRef]:
    """Return the Secrets of users that a spec refers to and that count for its direction."""
    refs = [spec.api_token_secret_ref if spec.writes_notes else None, spec.prometheus_token_ref]
    if spec.takes_webhooks and spec.webhook is not None:
        refs.append(spec.webhook.subscription.signing_secret_ref)
    return [ref for ref in refs if ref is not None]
