"""What came and could not be used, in words: as the receiver counted it, with what mends it. Pure."""

from noctuary.common.clock import format_time
from noctuary.models.integration_spec import SecretKeyRef
from noctuary.models.payload_kinds import BY_KIND, UNSIGNED_MEND
from noctuary.models.reports import (
    EVENTS,
    LEFT_OUT,
    UNREADABLE,
    WEBHOOK_URL,
    IntegrationReport,
    OutsideScope,
    UnreadReport,
    WrongSecret,
)

PLACES = {WEBHOOK_URL: "the webhook URL", EVENTS: "/v1/events"}


def words_of_foreign(report: IntegrationReport | None, where: str) -> str:
    """Return what other systems sent to an address, to be added to a message; empty when nothing came."""
    known = report.unread if report is not None else []
    return "".join(_foreign(each) for each in known if each.where == where and each.kind != UNREADABLE)


def _foreign(each: UnreadReport) -> str:
    found = BY_KIND.get(each.kind)
    what = found.words if found is not None else "a request without PagerDuty's signature"
    mend = UNSIGNED_MEND if found is None else found.mend_at_events if each.where == EVENTS else found.mend
    return f"; {_times(each)} {what} came to {PLACES[each.where]}, the last at {format_time(each.last_at)}: {mend}"


def words_of_wrong(wrong: WrongSecret, ref: SecretKeyRef | None, value: str, webhook_secret: str) -> str:
    """Return what came that the signing secret did not sign, and how that is mended."""
    came = "1 webhook came" if wrong.count == 1 else f"{wrong.count} webhooks came, repeats included,"
    place = f"key {ref.key} of Secret {ref.name}" if ref is not None else "the signing secret"
    quotes = f"; {place} begins and ends with a quotation mark: store it without" if _is_quoted(value) else ""
    return (
        f"spec.webhook.subscription.signingSecretRef: {came} since {format_time(wrong.since)} that this secret did not "
        f"sign, the last at {format_time(wrong.last_at)}, and none that it did; they are answered 503, and PagerDuty "
        f"sends them again for some time{quotes}; put into {place} what PagerDuty showed for the subscription that has "
        f"the url of Secret {webhook_secret}, or make a new subscription, which shows a new one"
    )


def _is_quoted(value: str) -> bool:
    return value[0] == value[-1] and value[0] in "\"'`"


def words_of_outside(outside: OutsideScope) -> str:
    """Return what came that is outside the scope, and what there is to do where that is no choice."""
    came = "1 signed webhook came" if outside.count == 1 else f"{outside.count} signed webhooks came"
    return (
        f"spec.webhook.subscription.scope: {came} since {format_time(outside.since)}, the last at "
        f"{format_time(outside.last_at)} of {outside.last_of}, and none was of {outside.scope}: incidents outside the "
        "scope get no note from this integration; compare the id letter by letter with the one in PagerDuty's address "
        "of it; where the subscription covers more than the scope on purpose, the first webhook within it ends this"
    )


def words_of_left_out(report: IntegrationReport) -> str:
    """Return what of PagerDuty's own could not be read, to be added to a message; empty when all could."""
    return "".join(_left_out(each) for each in report.unread if each.kind in (UNREADABLE, LEFT_OUT))


def _left_out(each: UnreadReport) -> str:
    what = (
        "a signed webhook was no V3 webhook, or named no incident"
        if each.kind == UNREADABLE
        else "an item of PagerDuty's lists could not be read and was left out"
    )
    return f"; {_times(each)} {what}, the last at {format_time(each.last_at)}: the receiver's log says more"


def _times(each: UnreadReport) -> str:
    return f"{each.count} {'time' if each.count == 1 else 'times'} since {format_time(each.since)}"
