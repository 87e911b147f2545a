"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

REMEDY = "kubectl -n shop describe networkpolicy/pay\n# what it lets through"
CASES = [
    Case(facts, said, said, REMEDY, pods=0, about="NetworkPolicy")
    for facts, said in (
        (
            {"reason": "PolicyBlocksCallers", "workload": "pay", "instead": "front", "port": "8080"},
            "NetworkPolicy pay keeps front from calling pay on port 8080",
        ),
        (
            {"reason": "PolicyBlocksCalls", "workload": "pay", "instead": "postgres"},
            "NetworkPolicy pay keeps pay from calling postgres",
        ),
        (
            {"reason": "PolicyBlocksDNS", "workload": "pay"},
            "NetworkPolicy pay keeps pay from DNS, so it finds no name",
        ),
        ({"reason": "PolicyBlocksAll", "workload": "pay"}, "NetworkPolicy pay lets nobody call pay"),
        ({"reason": "PolicyBlocksAll"}, "NetworkPolicy pay lets nobody call its pods"),
    )
]
