"""What is reported, and the words that the note makes of it."""

from noctuary.analyzers.cluster.admission import WHYS
from testbed.fault_cases import Case

CASES = [
    *(
        Case(
            {"reason": reason, "message": "Pod was rejected"},
            f"1 pod of pay was refused by the node ({why})",
            f"new pods are refused by their node ({why})",
            "kubectl -n shop describe pod/pay-0",
        )
        for reason, why in WHYS.items()
    ),
    Case(
        {"reason": "OutOfnvidia.com/gpu"},
        "2 pods of pay were refused by the node (not enough nvidia.com/gpu)",
        "new pods are refused by their node (not enough nvidia.com/gpu)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
]
