"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

ADVICE = "look at its logs, and at what it calls, since that time"
CASES = [
    Case(
        {"reason": "LatencyRose", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the latency of pay rose from 0.001 to 0.12",
        "the latency rose from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "LatencyGrows", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the latency of pay grew slowly from 0.001 to 0.12",
        "the latency grew slowly from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "LatencyRose", "metric": "kafka_consumergroup_lag", "level_before": "100", "level_after": "9170"},
        "the lag of pay rose from 100 to 9.17k",
        "the lag rose from 100 to 9.17k",
        ADVICE,
    ),
]
