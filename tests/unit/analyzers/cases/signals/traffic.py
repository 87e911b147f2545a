"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

ADVICE = "look at its logs, and at what it calls, since that time"
CASES = [
    Case(
        {"reason": "TrafficRose", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the traffic of pay rose from 0.001 to 0.12",
        "the traffic rose from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "TrafficFell", "metric": "a_metric", "level_before": "1", "level_after": "0.25"},
        "the traffic of pay fell from 1 to 0.25",
        "the traffic fell from 1 to 0.25",
        ADVICE,
    ),
    Case(
        {"reason": "TrafficGrows", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the traffic of pay grew slowly from 0.001 to 0.12",
        "the traffic grew slowly from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "TrafficShrinks", "metric": "a_metric", "level_before": "1", "level_after": "0.25"},
        "the traffic of pay shrank slowly from 1 to 0.25",
        "the traffic shrank slowly from 1 to 0.25",
        ADVICE,
    ),
]
