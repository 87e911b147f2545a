"""What is read of a Service, and the words that the note makes of it."""

from testbed.fault_cases import Case

REMEDY = (
    "kubectl -n shop describe service/pay\n# compare its selector with the labels of the pods\n"
    "kubectl -n shop get pods --show-labels"
)
CASES = [
    Case(
        {"reason": "ServiceSelectsNothing", "selector": "tier=back", "instead": "tier=front", "workload": "pay"},
        "Service pay selects no pod: it asks for tier=back, and pay has tier=front",
        "Service pay selects no pod: it asks for tier=back, and pay has tier=front",
        REMEDY,
        pods=0,
        about="Service",
    ),
    Case(
        {"reason": "ServiceSelectsNothing", "selector": "app=pay,tier=back"},
        "Service pay selects no pod (app=pay,tier=back)",
        "Service pay selects no pod (app=pay,tier=back)",
        REMEDY,
        pods=0,
        about="Service",
    ),
    Case(
        {"reason": "ServiceSelectsNothing", "selector": "tier=back", "backend": "pay-svc", "written_by": "helm"},
        "Service pay-svc selects no pod (tier=back)",
        "Service pay-svc selects no pod (tier=back)",
        REMEDY.replace("service/pay", "service/pay-svc"),
        pods=0,
        about="Deployment",
    ),
    Case(
        {"reason": "ServiceSelectsNothing"},
        "Service pay selects no pod",
        "Service pay selects no pod",
        REMEDY,
        pods=0,
        about="Service",
    ),
]
