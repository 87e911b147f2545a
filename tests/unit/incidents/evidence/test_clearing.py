"""What cleared an incident: only what came after it began, and pods that had not been ready all the time."""

from typing import Any

import pytest

from noctuary.correlation.observations import Observations
from noctuary.incidents.evidence.clearing import find_clearing
from noctuary.models import details
from noctuary.models.diagnosis import Cause, Diagnosis, IncidentContext, PodView
from noctuary.models.live_view import LiveView
from testbed.told import ONSET, cause, change, diagnosis, fault, note

BAD = change(event_id="bad", at=ONSET - 120)


def pods(ready_at: float, *, ready: bool = True) -> list[PodView]:
    """Return two pods of `web`, ready since then or not ready at all."""
    return [PodView("shop", f"web-{n}", "web", "old", "n", ready, ready_changed_at=ready_at) for n in (0, 1)]


def told(found: Diagnosis, live: list[PodView], back_at: float | None = None) -> str:
    """Return what the resolved note says of what cleared it."""
    before = {details.TEMPLATE_HASH: "old", details.IMAGE: "r/web:3.10", details.PREVIOUS_IMAGE: "r/web:3.11"}
    back = [] if back_at is None else [change(event_id="back", at=back_at, facts=before)]
    context = IncidentContext([], ONSET, 3600.0, [], live)
    clearing = find_clearing(found, Observations(context, [BAD, *back], [], [], live), LiveView([], live))
    text = note(found, clearing=clearing, status="resolved", resolved_at=ONSET + 60)
    return text.partition("Resolved at 08:01:00 UTC.")[2].partition("\n")[0].strip()


BACK = "rolled back to 3.10 at 08:00:30 UTC"
READY = "2 of 2 pods are ready now"
OVER: dict[str, Any] = {"first": ONSET - 115, "last": ONSET - 100, "is_over": True}
CASES: list[tuple[str, Cause | None, float, float | None, str]] = [
    (
        "a rollback since",
        cause(BAD, fault()),
        90,
        ONSET + 30,
        f"Cleared: rolled back to 3.10 at 08:00:30 UTC; {READY}.",
    ),
    ("a rollback long before", cause(BAD, fault(**OVER)), -90, ONSET - 100, f"{READY}, as before the alert."),
    ("pods that became ready since", cause(BAD), 20, None, f"Cleared: {READY}."),
    ("pods of which nobody knows since when", cause(BAD), -ONSET, None, f"Cleared: {READY}."),
    ("pods that were ready all the time", cause(BAD), -3000, None, f"{READY}, as before the alert."),
    ("no cause, and pods that were ready", None, -3000, None, f"{READY}, as before the alert."),
    ("a pod that failed and is gone", cause(None, fault()), -3000, None, f"Cleared: {READY}."),
    (
        "a pod that failed until after it",
        cause(BAD, fault(last=ONSET + 9, is_over=True)),
        -99,
        None,
        f"Cleared: {READY}.",
    ),
]


@pytest.mark.parametrize(("_title", "found", "ready", "back_at", "said"), CASES, ids=[case[0] for case in CASES])
def test_only_what_was_so_since_the_alert_cleared_it(
    _title: str, found: Cause | None, ready: float, back_at: float | None, said: str
) -> None:
    assert told(diagnosis(*([found] if found else [])), pods(ONSET + ready), back_at) == said


def test_pods_that_are_not_ready_still_cleared_nothing() -> None:
    assert (
        told(diagnosis(cause(BAD)), pods(ONSET - 90, ready=False), ONSET - 100)
        == "Not cleared: 0 of 2 pods are ready now."
    )
