"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "OOMKilled", "memory_limit": "256Mi", "container": "app"},
        "1 pod of pay ran out of memory (limit 256Mi)",
        "new pods run out of memory (limit 256Mi)",
        "kubectl -n shop set resources deployment/pay -c app --limits=memory=512Mi"
        "\n# if it needs more than 256Mi, else find the leak",
    ),
    Case(
        {"reason": "OOMKilled"},
        "2 pods of pay ran out of memory",
        "new pods run out of memory",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "OOMKilling", "memory_limit": "a lot", "container": "app"},
        "1 pod of pay ran out of memory",
        "new pods run out of memory",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "OOMKilled", "memory_limit": "1Gi", "container": "$(x)"},
        "1 pod of pay ran out of memory (limit 1Gi)",
        "new pods run out of memory (limit 1Gi)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "OOMKilled", "memory_limit": "64Mi", "container": "envoy", "container_role": "container"},
        "1 pod of pay ran out of memory in container envoy (limit 64Mi)",
        "new pods run out of memory in container envoy (limit 64Mi)",
        "kubectl -n shop set resources deployment/pay -c envoy --limits=memory=128Mi"
        "\n# if it needs more than 64Mi, else find the leak",
    ),
    Case(
        {"reason": "CrashLoopBackOff", "exit_code": "1", "restarts": "2", "log_reason": "out_of_memory"},
        "1 pod of pay ran out of memory",
        "new pods run out of memory",
        "kubectl -n shop describe pod/pay-0",
    ),
]
