"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "NodeUnschedulable"},
        "node node-7 is cordoned",
        "node node-7 is cordoned",
        "kubectl uncordon node-7\n# once the work on it is done",
        about="Node",
    ),
    Case(
        {"reason": "NodeUnschedulable", "message": "so"},
        "node node-7 is cordoned",
        "node node-7 is cordoned",
        "kubectl uncordon node-7\n# once the work on it is done",
        about="Node",
    ),
]
