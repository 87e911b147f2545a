"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "FailedCreatePodSandBox",
            "message": 'plugin type="aws-cni" failed (add): failed to assign an IP address to container',
        },
        "1 pod of pay cannot start: no network can be set up (no IP address is left)",
        "new pods cannot start: no network can be set up (no IP address is left)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "FailedCreatePodSandBox",
            "message": 'plugin type="calico" failed (add): connection is unauthorized',
        },
        "2 pods of pay cannot start: no network can be set up (the network plugin is not authorized)",
        "new pods cannot start: no network can be set up (the network plugin is not authorized)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "FailedCreatePodSandbox", "message": 'no runtime for "gvisor" is configured'},
        "1 pod of pay cannot start: no sandbox can be set up (the node has no such runtime)",
        "new pods cannot start: no sandbox can be set up (the node has no such runtime)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedCreatePodSandBox", "message": "failed to pull sandbox image"},
        "1 pod of pay cannot start: no sandbox can be set up (the sandbox image cannot be pulled)",
        "new pods cannot start: no sandbox can be set up (the sandbox image cannot be pulled)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "CreatePodSandboxError",
            "message": 'plugin type="cilium-cni" failed (add): dial unix /run/cilium.sock: no such file or directory',
        },
        "1 pod of pay cannot start: no network can be set up (no answer)",
        "new pods cannot start: no network can be set up (no answer)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "ConfigPodSandboxError", "message": ""},
        "1 pod of pay cannot start: no sandbox can be set up",
        "new pods cannot start: no sandbox can be set up",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "NetworkNotReady", "message": "network is not ready: cni plugin not initialized"},
        "1 pod of pay cannot start: no network can be set up (the network is not ready)",
        "new pods cannot start: no network can be set up (the network is not ready)",
        "kubectl -n shop describe pod/pay-0",
    ),
]
