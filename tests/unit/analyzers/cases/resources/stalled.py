"""What is seen, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "ProgressDeadlineExceeded", "replicas": "1 of 3"},
        "the rollout of pay did not end in time (1 of 3 pods have the new version)",
        "the rollout of pay did not end in time (1 of 3 pods have the new version)",
        "kubectl -n shop describe deployment/pay",
        pods=0,
        about="Deployment",
    ),
    Case(
        {"reason": "RolloutPaused", "replicas": "0 of 3"},
        "the rollout of pay is paused (0 of 3 pods have the new version)",
        "the rollout of pay is paused (0 of 3 pods have the new version)",
        "kubectl -n shop rollout resume deployment/pay\n# unless somebody paused it on purpose",
        pods=0,
        about="Deployment",
    ),
    Case(
        {"reason": "OrdinalNotReady", "ordinal": "pay-1", "replicas": "2 of 5"},
        "pay has 2 of 5 pods: the next waits until pay-1 is ready",
        "pay has 2 of 5 pods: the next waits until pay-1 is ready",
        "kubectl -n shop describe statefulset/pay",
        pods=0,
        about="StatefulSet",
    ),
    Case(
        {"reason": "OldPodNotReady", "ordinal": "pay-2"},
        "the rollout of pay waits for pay-2, which has an older version and is not ready",
        "the rollout of pay waits for pay-2, which has an older version and is not ready",
        "kubectl -n shop delete pod/pay-2\n# it is made anew in the version that is wanted",
        pods=0,
        about="StatefulSet",
    ),
    Case(
        {"reason": "OldPodNotReady", "ordinal": "cart-2"},
        "the rollout of pay waits for cart-2, which has an older version and is not ready",
        "the rollout of pay waits for cart-2, which has an older version and is not ready",
        "kubectl -n shop describe statefulset/pay",
        pods=0,
        about="StatefulSet",
    ),
    Case(
        {"reason": "NoNodeSelected"},
        "no node matches what pay asks for, so it runs nowhere",
        "no node matches what pay asks for, so it runs nowhere",
        "kubectl -n shop describe daemonset/pay\n# compare its node selector with the labels of the nodes",
        pods=0,
        about="DaemonSet",
    ),
]
