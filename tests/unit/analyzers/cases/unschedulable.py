"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "FailedScheduling", "message": "0/3 nodes are available: 3 Insufficient memory."},
        "1 pod of pay finds no node to run on (insufficient memory)",
        "new pods find no node (insufficient memory)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "0/3 nodes: 3 Insufficient cpu."},
        "2 pods of pay find no node to run on (insufficient CPU)",
        "new pods find no node (insufficient CPU)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "Unschedulable", "message": "3 node(s) had untolerated taint"},
        "1 pod of pay finds no node to run on (untolerated taints)",
        "new pods find no node (untolerated taints)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "didn't match Pod's node affinity/selector"},
        "1 pod of pay finds no node to run on (no node has the labels that it wants)",
        "new pods find no node (no node has the labels that it wants)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "had volume node conflict"},
        "1 pod of pay finds no node to run on (its volume)",
        "new pods find no node (its volume)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "Insufficient nvidia.com/gpu"},
        "1 pod of pay finds no node to run on (insufficient nvidia.com/gpu)",
        "new pods find no node (insufficient nvidia.com/gpu)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling"},
        "1 pod of pay finds no node to run on",
        "new pods find no node",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/3 nodes are available: 1 node(s) had untolerated taint "
            "{node-role.kubernetes.io/control-plane: }, "
            "2 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful.",
        },
        "1 pod of pay finds no node to run on (nodes are cordoned)",
        "new pods find no node (nodes are cordoned)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu.",
        },
        "1 pod of pay finds no node to run on (insufficient CPU, nodes are cordoned)",
        "new pods find no node (insufficient CPU, nodes are cordoned)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
        },
        "1 pod of pay finds no node to run on (nodes are not ready)",
        "new pods find no node (nodes are not ready)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.",
        },
        "1 pod of pay finds no node to run on (nodes are short of memory, disk or process ids)",
        "new pods find no node (nodes are short of memory, disk or process ids)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "0/1 nodes are available: 1 Insufficient ephemeral-storage."},
        "1 pod of pay finds no node to run on (insufficient disk)",
        "new pods find no node (insufficient disk)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "0/1 nodes are available: 1 Too many pods."},
        "1 pod of pay finds no node to run on (nodes hold as many pods as they may)",
        "new pods find no node (nodes hold as many pods as they may)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": '0/1 nodes are available: persistentvolumeclaim "data" not found.'},
        "1 pod of pay finds no node to run on (its volume claim does not exist)",
        "new pods find no node (its volume claim does not exist)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        },
        "2 pods of pay find no node to run on (its volume claim is not bound)",
        "new pods find no node (its volume claim is not bound)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
        },
        "1 pod of pay finds no node to run on (its host port is taken)",
        "new pods find no node (its host port is taken)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
        },
        "1 pod of pay finds no node to run on (its volume is on another node or zone)",
        "new pods find no node (its volume is on another node or zone)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedScheduling",
            "message": "pod has unbound immediate PersistentVolumeClaims",
            "claim": "data-0",
        },
        "1 pod of pay finds no node to run on (its volume claim data-0 is not bound)",
        "new pods find no node (its volume claim data-0 is not bound)",
        "kubectl -n shop describe pod/pay-0",
    ),
    *(
        Case(
            {
                "reason": "FailedScheduling",
                "message": f"0/3 nodes are available: 3 {said}.",
                "asks": "cpu=8 memory=64Gi",
            },
            f"1 pod of pay finds no node to run on ({told})",
            f"new pods find no node ({told})",
            "kubectl -n shop describe pod/pay-0",
        )
        for said, told in (
            ("Insufficient memory", "insufficient memory, 64Gi each"),
            ("Insufficient cpu", "insufficient CPU, 8 each"),
            ("Insufficient example.com/fpga", "insufficient example.com/fpga"),
            ("Insufficient $(x)", "insufficient resources"),
            ("node(s) had untolerated taint {dedicated: gpu}", "taint dedicated is not tolerated"),
            ("node(s) had untolerated taint(s) {example.com/team: a}", "taint example.com/team is not tolerated"),
            ("node(s) didn't match pod anti-affinity rules", "its anti-affinity leaves no node"),
            ("node(s) didn't match pod affinity rules", "no node has the pods that it wants beside it"),
            ("node(s) didn't match pod topology spread constraints", "its topology spread allows no node"),
            ("node(s) had no available volume zone", "its volume is on another node or zone"),
            ("node(s) exceed max volume count", "nodes take no more volumes"),
            ("node(s) didn't match the affinity", "no node matches its rules"),
        )
    ),
    Case(
        {"reason": "FailedScheduling", "message": "no nodes available to schedule pods"},
        "1 pod of pay finds no node to run on (there is no node)",
        "new pods find no node (there is no node)",
        "kubectl -n shop describe pod/pay-0",
    ),
]
