"""Broken workloads, many of which had run well for long before."""

from testbed.before_after.world import Scene, fault, pod, posted, rollout, scaling

DAY = 86_400
DOWN = "web is not available"
PROBE = {"probe": "readiness", "probe_target": "/ready", "message": "HTTP probe failed with statuscode: 503"}
MISSING = {"missing_kind": "ConfigMap", "missing_name": "settings", "message": 'configmap "settings" not found'}

SCENES = [
    Scene(
        "3a",
        "a leak after twenty-four minutes of a new version",
        DOWN,
        [rollout(1500), fault(60, "OOMKilled", memory_limit="256Mi", restarts="1", exit_code="137")],
        [pod("web-h2-a", ready=False, age=1500)],
    ),
    Scene(
        "3a",
        "a ConfigMap deleted a day after the rollout, a pod came anew",
        DOWN,
        [fault(30, "CreateContainerConfigError", "web-h1-b", never_ready="1", **MISSING)],
        [pod("web-h1-b", ready=False, age=31), pod("web-h1-a")],
        kept=((1, "h1", "3.10"),),
    ),
    Scene(
        "3b",
        "a pod that is gone failed its probe; the ConfigMap of the new one is missing",
        DOWN,
        [
            fault(28, "Unhealthy", "web-h1-a", last=20, **PROBE),
            fault(25, "CreateContainerConfigError", "web-h1-b", never_ready="1", **MISSING),
        ],
        [pod("web-h1-b", ready=False, age=26)],
        kept=((1, "h1", "3.10"),),
    ),
    Scene(
        "3c",
        "scaled to nothing, the dying pod failed its probe",
        DOWN,
        [scaling(21, 1, 0), fault(15, "Unhealthy", "web-h1-a", last=10, **PROBE)],
        [],
    ),
    Scene(
        "3c",
        "scaled up into a quota",
        "web is slow",
        [
            scaling(60, 2, 9),
            fault(
                55,
                "FailedCreate",
                "web-h1-x",
                about="ReplicaSet",
                quota="small",
                quota_limit="pods=4",
                message="exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4",
            ),
        ],
        [pod("web-h1-a"), pod("web-h1-b")],
    ),
    Scene(
        "3d",
        "a dependency ran out of memory, its callers are not ready",
        DOWN,
        [
            fault(80, "OOMKilled", "db-p1-a", memory_limit="64Mi", restarts="2", exit_code="137"),
            fault(75, "Unhealthy", "web-h1-a", **PROBE),
        ],
        [pod("web-h1-a", ready=False), pod("db-p1-a", ready=False, restarts=2)],
        depends_on=("db",),
    ),
    Scene(
        "3d",
        "a dependency was scaled to nothing",
        DOWN,
        [scaling(90, 1, 0, of="db"), fault(80, "Unhealthy", "web-h1-a", **PROBE)],
        [pod("web-h1-a", ready=False)],
        depends_on=("db",),
    ),
    Scene(
        "3e",
        "restarted after a ConfigMap changed; the new pods crash",
        DOWN,
        [
            rollout(40, "3.10", "3.10", changed="annotations", restart="1"),
            fault(35, "CrashLoopBackOff", exit_code="1", restarts="2", message="invalid value of POOL_SIZE"),
        ],
        [pod("web-h2-a", ready=False, age=40)],
    ),
    Scene("3e", "nothing that is watched changed", DOWN, [], [pod("web-h1-a"), pod("web-h1-b")]),
    Scene(
        "3g",
        "only a variable changed, the new pods crash",
        DOWN,
        [
            rollout(60, "3.10", "3.10", changed="env DB_POOL"),
            fault(55, "CrashLoopBackOff", exit_code="1", restarts="3"),
        ],
        [pod("web-h2-a", ready=False, age=60)],
    ),
    Scene(
        "3h",
        "a Job failed under the name of the service",
        DOWN,
        [posted("dependency_failure", 60, "cart", "checkout", new_value="timeout")],
        [pod("web-h1-a")],
    ),
    Scene(
        "4",
        "a version of a day crashes",
        DOWN,
        [fault(90, "CrashLoopBackOff", "web-h1-a", exit_code="1", restarts="4")],
        [pod("web-h1-a", ready=False, age=DAY, restarts=4)],
        kept=((1, "h1", "3.10"),),
    ),
    Scene(
        "4",
        "two releases just before the alert, neither with a fault",
        "HTTP 5xx rate 40 % (was 0.1 %)",
        [rollout(40), rollout(90, of="db")],
        [pod("web-h2-a", age=40), pod("db-h2-a", age=90)],
        depends_on=("db",),
    ),
    Scene(
        "4",
        "two releases just before the alert, one with a fault",
        DOWN,
        [rollout(40), rollout(90, of="db"), fault(80, "CrashLoopBackOff", "db-h2-a", exit_code="1", restarts="3")],
        [pod("web-h2-a", age=40), pod("db-h2-a", ready=False, age=90)],
        depends_on=("db",),
    ),
]
