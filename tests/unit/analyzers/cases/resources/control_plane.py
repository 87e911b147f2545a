"""What is seen, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "NotTriedToSchedule"},
        "1 pod of pay waits, and no scheduler takes it",
        "new pods wait, and no scheduler takes them",
        "check that kube-scheduler runs; the pods:\nkubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "NotTriedToSchedule", "scheduler": "gang-scheduler"},
        "2 pods of pay wait, and scheduler gang-scheduler does not take them",
        "new pods wait, and scheduler gang-scheduler does not take them",
        "check that scheduler gang-scheduler runs; the pods:\nkubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "SpecNotObserved"},
        "no controller acts on the changed spec of pay",
        "no controller acts on the changed spec of pay",
        "check that kube-controller-manager runs; the workload:\nkubectl -n shop describe deployment/pay",
        pods=0,
        about="Deployment",
    ),
    Case(
        {"reason": "NotTriedToStart"},
        "1 pod of pay is placed on a node that does not start it",
        "new pods are placed on a node that does not start them",
        "check the kubelet of the node; the pod:\nkubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "SchedulingGated", "gate": "quota.example.com/hold"},
        "1 pod of pay waits for scheduling gate quota.example.com/hold",
        "new pods wait for scheduling gate quota.example.com/hold",
        "kubectl -n shop describe pod/pay-0\n# see who takes the gate away",
    ),
    Case(
        {"reason": "SchedulingGated", "gate": "run $(this)"},
        "1 pod of pay waits for a gate",
        "new pods wait for a gate",
        "kubectl -n shop describe pod/pay-0\n# see who takes the gate away",
    ),
]
