"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

DESCRIBE = "kubectl -n shop describe pod/pay-0"
CASES = [
    Case(
        {"reason": "HostPortTaken", "port": "9100", "workload": "node-exporter"},
        "2 pods of pay want port 9100 of their nodes, which node-exporter wants as well",
        "new pods want port 9100 of their nodes, which node-exporter wants as well",
        DESCRIBE,
        pods=2,
    ),
    Case(
        {"reason": "ContainerPortTwice", "port": "8080", "instead": "app,proxy"},
        "1 pod of pay wants port 8080 twice, in its containers app and proxy",
        "new pods want port 8080 twice, in their containers app and proxy",
        DESCRIBE,
    ),
    Case({"reason": "ContainerPortTwice"}, "1 pod of pay wants a port twice", "new pods want a port twice", DESCRIBE),
]
