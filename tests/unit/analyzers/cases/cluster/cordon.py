"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "NodeUnschedulable"},
        "node node-7 is cordoned",
        "its pods fail since",
        "look at node-7",
        about="Node",
    ),
    Case(
        {"reason": "NodeUnschedulable", "message": "so"},
        "node node-7 is cordoned",
        "its pods fail since",
        "look at node-7",
        about="Node",
    ),
]
