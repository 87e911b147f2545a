"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "CrashLoopBackOff", "exit_code": "1", "restarts": "3", "container": "app"},
        "1 pod of pay keeps crashing with exit code 1",
        "new pods crash with exit code 1",
        "kubectl -n shop logs --previous pay-0 -c app",
    ),
    Case(
        {"reason": "Error", "exit_code": "137"},
        "1 pod of pay crashed with exit code 137 (killed)",
        "new pods crash with exit code 137 (killed)",
        "kubectl -n shop logs pay-0",
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "restarts": "3", "least_restarts": "1"},
        "3 pods of pay crashed with exit code 1",
        "new pods crash with exit code 1",
        "kubectl -n shop logs --previous pay-0",
        pods=3,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "restarts": "4", "least_restarts": "1"},
        "3 pods of pay keep crashing with exit code 1",
        "new pods crash with exit code 1",
        "kubectl -n shop logs --previous pay-0",
        pods=3,
    ),
    Case(
        {"reason": "CrashLoopBackOff", "exit_code": "127", "restarts": "2"},
        "3 pods of pay keep crashing with exit code 127 (command not found)",
        "new pods crash with exit code 127 (command not found)",
        "kubectl -n shop logs pay-0",
        pods=3,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "restarts": "4", "least_restarts": "0"},
        "3 pods of pay keep crashing with exit code 1",
        "new pods crash with exit code 1",
        "kubectl -n shop logs pay-0",
        pods=3,
    ),
    Case(
        {"reason": "BackOff", "message": "Back-off restarting failed container"},
        "1 pod of pay keeps crashing",
        "new pods crash",
        "kubectl -n shop logs pay-0",
    ),
    Case(
        {"reason": "CrashLoopBackOff", "exit_code": "2", "container": "envoy", "container_role": "container"},
        "1 pod of pay keeps crashing in container envoy with exit code 2",
        "new pods crash in container envoy with exit code 2",
        "kubectl -n shop logs pay-0 -c envoy",
    ),
    Case(
        {"reason": "CrashLoopBackOff", "exit_code": "1", "container": "migrate", "container_role": "init container"},
        "2 pods of pay keep crashing in init container migrate with exit code 1",
        "new pods crash in init container migrate with exit code 1",
        "kubectl -n shop logs pay-0 -c migrate",
        pods=2,
    ),
    Case(
        {"reason": "CrashLoopBackOff", "exit_code": "0", "container": "not a name;"},
        "1 pod of pay keeps crashing with exit code 0 (it ended by itself, without an error)",
        "new pods crash with exit code 0 (it ended by itself, without an error)",
        "kubectl -n shop logs pay-0",
    ),
]
