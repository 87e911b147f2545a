"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

REMEDY = "kubectl -n shop describe service/pay\n# compare its selector with the labels of the new pods"
CASES = [
    Case(facts, said, said, REMEDY, pods=0, about="Service")
    for facts, said in (
        (
            {"reason": "ServiceMissesNewPods", "selector": "tier=a", "instead": "tier=b", "workload": "pay"},
            "Service pay selects only old pods of pay: it asks for tier=a, new ones have tier=b",
        ),
        (
            {"reason": "ServiceMissesNewPods", "selector": "tier=a", "workload": "pay"},
            "Service pay selects only old pods of pay: it asks for tier=a",
        ),
        ({"reason": "ServiceMissesNewPods"}, "Service pay selects only old pods of its workload"),
    )
]
