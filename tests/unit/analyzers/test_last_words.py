"""Why a program ended is read from its last lines, and from no line that says less."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from noctuary.analyzers.last_words import MAX_SHOWN_CHARS, classify, why_ended
from noctuary.analyzers.log_words.base import plain_named
from noctuary.analyzers.log_words.registry import CRASHES
from testbed.fault_cases import Case
from testbed.golden_notes import notes_of
from testbed.stage.log_canaries import logs_with_secrets

FILES = Path(__file__).parent / "logs"
"""By kind: logs as programs write them, each behind a line `=== ` with what it names."""
SEPARATOR = re.compile(r"^===(?: (.*))?\n", re.MULTILINE)
FIRST_EIGHT = (
    "address_in_use",
    "permission_denied",
    "authentication_failed",
    "no_such_host",
    "connection_refused",
    "file_not_found",
    "out_of_memory",
    "bad_flag",
)


def logs_in(path: Path) -> Iterator[tuple[str, str, str]]:
    _, *parts = SEPARATOR.split(path.read_text())
    for named, log in zip(parts[::2], parts[1::2], strict=True):
        yield path.stem, named or "", log


LOGS = [log for path in sorted(FILES.glob("*.txt")) if path.stem != "nothing" for log in logs_in(path)]
NOTHING = [log for _, _, log in logs_in(FILES / "nothing.txt")]


@pytest.mark.parametrize(("kind", "named", "log"), LOGS)
def test_the_last_words_tell_the_reason_and_what_it_names(kind: str, named: str, log: str) -> None:
    found = classify(log.splitlines())
    assert found is not None
    assert (found.kind, found.named) == (kind, named)


@pytest.mark.parametrize("log", NOTHING)
def test_what_passed_or_is_of_something_else_is_no_reason(log: str) -> None:
    assert classify(log.splitlines()) is None


@pytest.mark.parametrize("kind", FIRST_EIGHT)
def test_each_class_is_shown_by_fifteen_logs(kind: str) -> None:
    assert len({log for of, _, log in LOGS if of == kind}) >= 15


def test_each_reason_has_a_log() -> None:
    assert {crash.kind for crash in CRASHES} <= {kind for kind, _, _ in LOGS}


@pytest.mark.parametrize("exit_code", ["137", "143"])
def test_a_program_that_was_ended_from_outside_does_not_know_why(exit_code: str) -> None:
    assert why_ended(["Error: connect ECONNREFUSED 127.0.0.1:6379"], exit_code) is None
    assert why_ended(["java.lang.OutOfMemoryError: Java heap space"], exit_code) is not None


ROOT_CAUSES = [
    (
        (
            "x.BeanCreationException: could not open file /etc/a.yaml: no such file\n\tat x.A.b(A.java:1)\n"
            "Caused by: x.PoolException: pool is empty\n\tat x.P.q(P.java:2)\n\t... 9 more\n"
            "Caused by: java.net.UnknownHostException: db\n\tat x.R.s(R.java:3)\n\t... 12 more"
        ),
        "no_such_host",
    ),
    (
        "FATAL: listen tcp :80: bind: permission denied\nERROR cannot remove /run/a.pid: no such file or directory",
        "permission_denied",
    ),
    (
        "ERROR open /etc/app/a.yaml: no such file or directory\nERROR server failed to start\nexit status 1",
        "file_not_found",
    ),
    (
        '{"level":"error","stack":"Error: x\\n    at a (b.js:1:2)\\nCaused by: connect ECONNREFUSED 10.0.0.1:1"}',
        "connection_refused",
    ),
]


@pytest.mark.parametrize(("log", "kind"), ROOT_CAUSES)
def test_of_several_lines_the_one_that_is_the_cause_counts(log: str, kind: str) -> None:
    found = classify(log.splitlines())
    assert found is not None
    assert found.kind == kind


def test_times_and_ids_that_differ_each_time_are_no_part_of_the_line() -> None:
    logs = [
        f"2026-11-2{n} 10:0{n}:00.00{n} UTC [1{n}] FATAL:  could not open /a/b: Permission denied" for n in range(3)
    ]
    assert {classify([log]) for log in logs} == {classify([logs[0]])}


def test_of_a_long_line_the_reason_is_shown() -> None:
    found = classify(["x" * 9 + " y" * 500 + " open /etc/app: permission denied" + " z" * 500])
    assert found is not None
    assert "/etc/app: permission denied" in found.line
    assert len(found.line) <= MAX_SHOWN_CHARS


SECRET = "9f8Sx7q2LmZ0pK4t"
LEAKS = [
    "dial error: password={s}: connection refused",
    "connect postgres://app:{s}@db:5432/shop: connection refused",
    '{{"level":"error","msg":"connect failed","err":"connection refused","password":"{s}","dsn":"x {s}"}}',
    'level=error msg="connection refused" token={s} dsn="{s}"',
    "authentication failed for key {s}",
    "invalid api key: {s}",
    "authentication failed: token {s} is expired",
    "Error: unknown flag: --password={s}",
    "unrecognized arguments: --api-token {s}",
    "invalid token '{s}'",
    "FATAL: password authentication failed, password was {s}",
    "open /run/db: permission denied (secret {s})",
    "Authorization: Bearer {s} 401 Unauthorized",
    "KeyError: 'DB_URL' DB_PASSWORD: {s} environment variable DB_URL not set",
    "environment variable DB_URL is not set, password was {s}",
    "curl: (6) Could not resolve host: {s}",
    "panic: dial {s}: connection refused",
]


@pytest.mark.parametrize("leak", LEAKS)
def test_no_secret_is_told_with_a_line(leak: str) -> None:
    found = classify([leak.format(s=SECRET)])
    assert found is not None
    assert SECRET not in str(found)


def test_no_note_of_two_hundred_crashes_holds_a_secret() -> None:
    told = [(classify(log.splitlines()), secret) for log, secret in logs_with_secrets()]
    crash = {"reason": "CrashLoopBackOff", "exit_code": "1", "restarts": "3", "container": "app"}
    cases = [Case(crash | found.details(), "", "", "") for found, _ in told if found is not None]
    notes = "".join(notes_of(cases))
    assert len(cases) >= 200
    assert [secret for _, secret in told if secret in notes] == []


HOSTILE = [
    "a=" * 200_000,
    '"' * 200_000,
    "Error: " * 60_000,
    " " * 400_000,
    "/a" * 200_000 + ": permission denied",
    "password " * 60_000 + "connection refused",
    "[" * 300_000,
    "{" * 300_000,
    "x.Exception:" * 40_000,
    "1:" * 200_000 + "in use",
    "A_" * 200_000 + " not set",
    "unknown flag " + "-" * 200_000,
    "\x1b[" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_tenant_prints_takes_bounded_time(text: str) -> None:
    began = time.process_time()
    classify([text] * 200)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    ["a b", "http://evil.example", "evil.example/x", "$(id)", "x;y", "`id`", "//etc", "a" * 81, "user a b", "-", ""],
)
def test_what_is_no_plain_word_is_not_named(text: str) -> None:
    assert plain_named(text) == ""
