"""Payloads of other systems at our doors: recognised, told to their sender, and counted for the owner."""

from noctuary.models.payload_kinds import BY_KIND, PAGERDUTY_V3, UNSIGNED, PayloadKind
from noctuary.models.reports import EVENTS, WEBHOOK_URL
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.foreign import recognise
from webhook_receiver.asgi import Refused, Scope, header, refuse
from webhook_receiver.deps import Deps

WEBHOOK_URL_TAKES = "this address takes V3 webhooks of PagerDuty, signed in X-PagerDuty-Signature"
EVENTS_TAKES = "this address takes ContextEvents, with Authorization: Bearer <ingest key>"
AGENT = b"pagerduty-webhook/"
"""How PagerDuty's webhooks of all versions name themselves."""

EXTENSIONS = {b"v1": "pagerduty_v1", b"v2": "pagerduty_v2"}
"""What PagerDuty's older webhooks are by the version in their name, whatever they carry."""


def recognise_sent(scope: Scope, body: bytes) -> str | None:
    """Return the kind of a payload by its headers and its shape."""
    if header(scope, b"ce-specversion") is not None:
        return "cloudevents"
    agent = (header(scope, b"user-agent") or b"").lower()
    return recognise(body) or EXTENSIONS.get(agent.removeprefix(AGENT)[:2] if agent.startswith(AGENT) else b"")


def tell_unsigned(deps: Deps, record: RoutingRecord, kind: str | None) -> None:
    """Count what came unsigned to a webhook URL; raise Refused with words where it is another system's.

    Whoever gets here knows the token of the URL. PagerDuty's own senders are not answered 4xx, for which they would be
    switched off; all others are, because they log it.
    """
    found = BY_KIND.get(kind or "")
    if found is None or found.kind == PAGERDUTY_V3:
        deps.unread.note(record.id, WEBHOOK_URL, UNSIGNED)
        return
    deps.unread.note(record.id, WEBHOOK_URL, found.kind)
    raise _refusal(found, WEBHOOK_URL_TAKES, found.mend)


def tell_at_events(deps: Deps, record: RoutingRecord, kind: str) -> Refused:
    """Count a payload that came to /v1/events with an ingest key; return the answer for its sender."""
    deps.unread.note(record.id, EVENTS, kind)
    return _refusal(BY_KIND[kind], EVENTS_TAKES, BY_KIND[kind].mend_at_events)


def is_pagerdutys(scope: Scope) -> bool:
    """Whether a request says that PagerDuty sent it as a webhook."""
    is_signed = header(scope, b"x-pagerduty-signature") is not None
    return is_signed or (header(scope, b"user-agent") or b"").lower().startswith(AGENT)


def misdirected_webhook() -> Refused:
    """Return the answer for a webhook of PagerDuty at /v1/events that nobody can be told of: not 4xx, see above."""
    return _refusal(BY_KIND[PAGERDUTY_V3], EVENTS_TAKES, BY_KIND[PAGERDUTY_V3].mend_at_events)


def _refusal(found: PayloadKind, takes: str, mend: str) -> Refused:
    return refuse(202 if found.is_pagerdutys else 400, "foreign", f"This is {found.words}; {takes}; {mend}")
