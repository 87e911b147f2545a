"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "ScaledToZero"},
        "pay is scaled to 0, so nothing of it runs",
        "pay is scaled to 0, so nothing of it runs",
        "scale it up again, unless this was meant",
        pods=0,
        about="Deployment",
    ),
    Case(
        {"reason": "ScaledToZero", "message": "so"},
        "pay is scaled to 0, so nothing of it runs",
        "pay is scaled to 0, so nothing of it runs",
        "scale it up again, unless this was meant",
        pods=0,
        about="Deployment",
    ),
]
