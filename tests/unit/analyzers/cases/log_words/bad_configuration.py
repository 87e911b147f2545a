"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "bad_configuration /etc/nginx/nginx.conf",
        },
        "1 pod of pay keeps crashing: invalid configuration (/etc/nginx/nginx.conf)",
        "new pods crash: invalid configuration (/etc/nginx/nginx.conf)",
        "kubectl -n shop logs --previous pay-0 -c app\n# see what changed in its ConfigMaps and Secrets",
    ),
    Case(
        {"reason": "Error", "exit_code": "2", "container_role": "init container", "log_reason": "bad_configuration"},
        "2 pods of pay crashed: invalid configuration",
        "new pods crash: invalid configuration",
        "kubectl -n shop logs pay-0\n# see what changed in its ConfigMaps and Secrets",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "bad_configuration $(rm -rf /)"},
        "1 pod of pay crashed: invalid configuration",
        "new pods crash: invalid configuration",
        "kubectl -n shop logs pay-0\n# see what changed in its ConfigMaps and Secrets",
    ),
]
