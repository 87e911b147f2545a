"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(facts, said, said, "kubectl -n shop describe deployment/pay", pods=0, about="Deployment")
    for facts, said in (
        (
            {"reason": "ServiceHasNoReadyPod", "backend": "pay-svc", "count": "3"},
            "Service pay-svc leads nowhere: none of its 3 pods is ready",
        ),
        ({"reason": "ServiceHasNoReadyPod", "count": "1"}, "Service pay leads nowhere: no pod is ready"),
    )
]
