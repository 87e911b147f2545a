"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

ADVICE = "look at its logs, and at what it calls, since that time"
CASES = [
    Case(
        {"reason": "RestartsRose", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the rate of restarts of pay rose from 0.001 to 0.12",
        "the rate of restarts rose from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "RestartsGrows", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the rate of restarts of pay grew slowly from 0.001 to 0.12",
        "the rate of restarts grew slowly from 0.001 to 0.12",
        ADVICE,
    ),
]
