"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

ADVICE = "look at its logs, and at what it calls, since that time"
CASES = [
    Case(
        {"reason": "ReadinessFell", "metric": "a_metric", "level_before": "1", "level_after": "0.25"},
        "the share of ready endpoints of pay fell from 1 to 0.25",
        "the share of ready endpoints fell from 1 to 0.25",
        ADVICE,
    ),
    Case(
        {"reason": "ReadinessShrinks", "metric": "a_metric", "level_before": "1", "level_after": "0.25"},
        "the share of ready endpoints of pay shrank slowly from 1 to 0.25",
        "the share of ready endpoints shrank slowly from 1 to 0.25",
        ADVICE,
    ),
]
