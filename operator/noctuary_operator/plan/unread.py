"""What came and could not be used, in words: as the receiver counted it, with what mends it. Pure."""

from noctuary.common.clock import format_time
from noctuary.models.payload_kinds import BY_KIND, UNSIGNED_MEND
from noctuary.models.reports import EVENTS, LEFT_OUT, UNREADABLE, WEBHOOK_URL, IntegrationReport, UnreadReport

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
