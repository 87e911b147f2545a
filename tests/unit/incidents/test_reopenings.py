"""When an incident was reopened, as its log tells."""

import pytest

from noctuary.incidents.reopenings import reopened_at
from noctuary.pagerduty.objects import LogEntry

DAY = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""
LOGS: dict[str, tuple[list[str], int | None]] = {
    "never resolved": (["trigger", "assign", "acknowledge"], None),
    "resolved": (["trigger", "assign", "resolve"], None),
    "reopened": (["trigger", "resolve", "assign", "acknowledge"], 2),
    "reopened by name": (["trigger", "resolve", "reopen", "assign"], 2),
    "reopened twice": (["trigger", "resolve", "assign", "resolve", "assign"], 4),
    "written about while resolved": (["trigger", "resolve", "annotate", "field_value_change", "unacknowledge"], 4),
    "resolved, written about": (["trigger", "resolve", "annotate", "notify"], None),
}


@pytest.mark.parametrize(("kinds", "second"), LOGS.values(), ids=LOGS)
def test_the_first_entry_of_an_open_incident_after_the_last_resolution_counts(
    kinds: list[str], second: int | None
) -> None:
    entries = [LogEntry(str(n), f"{kind}_log_entry", f"2026-01-01T00:00:{n:02d}Z") for n, kind in enumerate(kinds)]
    assert reopened_at(entries[::-1]) == (None if second is None else DAY + second)


def test_a_resolution_and_a_reopening_within_one_second_are_in_order() -> None:
    told = [LogEntry("1", "resolve_log_entry", "2026-01-01T00:00:05Z")]
    told.append(LogEntry("2", "assign_log_entry", "2026-01-01T00:00:05Z"))
    assert reopened_at(told) == DAY + 5
