"""Crashes whose reason stands only in the container's last lines; what was released is told where it was."""

from testbed.evaluation.families.common import API, DB, PAY, WORKER, Play, alert, louder, released
from testbed.evaluation.recording.ailments import crash
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Label, Scenario, change, fault

CREDENTIALS = ("authentication_failed",)


def untouched(
    role: str, log: str, code: int = 1, before: float = 200, *, loud: bool = False, message: str = ""
) -> Play:
    """A workload that nobody touched crashes; it says why."""

    async def play(place: Place) -> None:
        await place.at(-before)
        await place.fail(getattr(place, role), crash(log, code, lives=2, message=message))
        if loud:
            await louder(place)
        alert(place, role)

    return play


def after_release(role: str, log: str, before: float = 300, by: str = "helm") -> Play:
    """A release crashes; it says why."""
    return released(role, "15.0.0", crash(log, lives=2), before, by)


def of_nobody(entity: str, *kinds: str, slices: str = "") -> Label:
    """Return the truth of a crash that no change explains."""
    return fault(entity, *kinds, "crash_loop", slices=f"logs {slices}")


def of_release(entity: str, *kinds: str) -> Label:
    """Return the truth of a crash of a release."""
    return change(entity, "rollout", *kinds, "crash_loop", slices="logs")


SCENARIOS = [
    Scenario(
        "lastwords/password-expired",
        of_nobody(PAY, *CREDENTIALS),
        untouched("pay", 'FATAL: password authentication failed for user "pay"\n'),
    ),
    Scenario(
        "lastwords/token-expired-beside-a-loud-release",
        of_nobody(API, *CREDENTIALS, slices="louder"),
        untouched("api", 'level=error msg="401 Unauthorized: token expired at 2026-03-03T14:00:00+00:00"\n', loud=True),
    ),
    Scenario(
        "lastwords/certificate-expired",
        of_nobody(WORKER, "certificate"),
        untouched(
            "worker",
            "x509: certificate has expired or is not yet valid: current time is after 2026-03-03\n",
            before=280,
        ),
    ),
    Scenario(
        "lastwords/license-ended", of_nobody(PAY), untouched("pay", "ERROR license ended on 2026-03-03; exiting\n", 3)
    ),
    Scenario(
        "lastwords/host-unknown",
        of_nobody(API, "no_such_host"),
        untouched("api", "getaddrinfo ENOTFOUND auth.example.com\n", before=500),
    ),
    Scenario(
        "lastwords/database-corrupt-beside-a-loud-release",
        of_nobody(DB, slices="louder"),
        untouched("db", "PANIC: invalid page in block 881 of relation base/16384\n", 134, loud=True),
    ),
    Scenario(
        "lastwords/port-in-use",
        of_release(API, "address_in_use"),
        after_release("api", "Error: listen EADDRINUSE: address already in use 0.0.0.0:8081\n"),
    ),
    Scenario(
        "lastwords/permission-denied",
        of_release(WORKER, "permission_denied"),
        after_release("worker", "open /data/spool: permission denied\n", 800),
    ),
    Scenario(
        "lastwords/file-missing",
        of_release(PAY, "file_not_found"),
        after_release("pay", "FileNotFoundError: [Errno 2] No such file or directory: '/etc/pay/rates.json'\n"),
    ),
    Scenario(
        "lastwords/module-missing",
        of_release(API, "missing_module"),
        after_release("api", "ModuleNotFoundError: No module named 'httpx'\n", 450, "argocd-controller"),
    ),
    Scenario(
        "lastwords/migration-pending",
        of_release(PAY),
        after_release("pay", 'relation "invoices" does not exist (SQLSTATE 42P01)\n'),
    ),
    Scenario(
        "lastwords/variable-missing",
        of_release(WORKER, "missing_variable"),
        after_release("worker", "KeyError: 'QUEUE_NAME'\n", 250, "kubectl-set"),
    ),
    Scenario(
        "lastwords/read-only-root",
        of_release(API, "permission_denied"),
        after_release("api", "OSError: [Errno 30] Read-only file system: '/app/cache'\n", 900),
    ),
    Scenario(
        "lastwords/connection-refused",
        of_nobody(WORKER, "connection_refused"),
        untouched("worker", "dial tcp 203.0.113.9:5671: connect: connection refused\n", before=350),
    ),
    Scenario(
        "lastwords/told-in-the-termination-message",
        of_nobody(PAY, *CREDENTIALS),
        untouched("pay", "", message="access denied: the role of this service was revoked"),
    ),
    Scenario(
        "lastwords/clock-behind",
        of_nobody(API),
        untouched(
            "api", "RequestTimeTooSkewed: the difference between the request time and the current time is too large\n"
        ),
    ),
]
