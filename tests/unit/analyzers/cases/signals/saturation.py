"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

ADVICE = "look at its logs, and at what it calls, since that time"
CASES = [
    Case(
        {"reason": "SaturationRose", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the use of a resource of pay rose from 0.001 to 0.12",
        "the use of a resource rose from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {"reason": "SaturationGrows", "metric": "a_metric", "level_before": "0.001", "level_after": "0.12"},
        "the use of a resource of pay grew slowly from 0.001 to 0.12",
        "the use of a resource grew slowly from 0.001 to 0.12",
        ADVICE,
    ),
    Case(
        {
            "reason": "SaturationRose",
            "metric": "memory_working_set",
            "level_before": "2.5e+08",
            "level_after": "5.12e+08",
        },
        "the memory use of pay rose from 250M to 512M",
        "the memory use rose from 250M to 512M",
        ADVICE,
    ),
]
