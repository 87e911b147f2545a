"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

ADVICE = "look at its logs, and at what it calls, since that time"
CASES = [
    Case(
        {"reason": "ErrorsRose", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the error rate of pay rose from 0.001 to 0.12",
        "the error rate rose from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "ErrorsGrows", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the error rate of pay grew slowly from 0.001 to 0.12",
        "the error rate grew slowly from 0.001 to 0.12",
        ADVICE,
    ),
]
