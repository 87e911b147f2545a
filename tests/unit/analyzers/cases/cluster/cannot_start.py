"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "StartError", "message": "/app/start.sh: no such file"},
        "1 pod of pay cannot start: /app/start.sh: no such file",
        "new pods cannot start: /app/start.sh: no such file",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "RunContainerError", "message": "/bin/app: exec format error (built for another CPU architecture)"},
        "2 pods of pay cannot start (built for another CPU architecture)",
        "new pods cannot start (built for another CPU architecture)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {
            "reason": "RunContainerError",
            "message": "serve: not found in $PATH",
            "container": "envoy",
            "container_role": "container",
        },
        "1 pod of pay cannot start container envoy: serve: not found in $PATH",
        "new pods cannot start container envoy: serve: not found in $PATH",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "StartError", "message": "boom", "container": "migrate", "container_role": "init container"},
        "1 pod of pay cannot start init container migrate",
        "new pods cannot start init container migrate",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "ContainerCannotRun", "message": "unable to find user app: no matching entries in passwd file"},
        "1 pod of pay cannot start (its user does not exist in the image)",
        "new pods cannot start (its user does not exist in the image)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "CreateContainerError", "message": 'error mounting "/a" to rootfs at "/b": not a directory'},
        "1 pod of pay cannot start (a file is mounted over a directory, or the other way round)",
        "new pods cannot start (a file is mounted over a directory, or the other way round)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "PreCreateHookError"},
        "1 pod of pay cannot start",
        "new pods cannot start",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "PreStartHookError", "message": "no space left on device"},
        "1 pod of pay cannot start (the disk is full)",
        "new pods cannot start (the disk is full)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "PostStartHookError", "message": "PostStartHook failed"},
        "1 pod of pay cannot start (its postStart hook fails)",
        "new pods cannot start (its postStart hook fails)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedPostStartHook", "message": "PostStartHook failed"},
        "1 pod of pay cannot start (its postStart hook fails)",
        "new pods cannot start (its postStart hook fails)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "Failed", "message": "cannot start"},
        "2 pods of pay cannot start",
        "new pods cannot start",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
]
