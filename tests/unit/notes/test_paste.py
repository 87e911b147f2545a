"""Whole blocks of `Do:`, leads included, are pasted into a real shell whose `kubectl` only writes down its calls."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Diagnosis, Subject
from testbed.golden_notes import DIRECTORY, ORDINARY
from testbed.told import action_of, cause, change, diagnosis, fault, held, note, posted

HOSTILE = [
    "r/web:1;touch${IFS}x;#",
    "$(touch x)",
    "`touch x`",
    "on; touch x",
    "a\ntouch x",
    "a\r\ntouch x\r\n",
    "a\u2028touch x",
    "' ; touch x ; '",
    '" ; touch x ; "',
    "x && touch x",
    "x | touch x",
    "x > x",
    "# touch x",
    "!!",
    "~root",
    "-n",
    "--all",
    "touch x",
    "https://evil.example.com/x;touch",
    "*",
    "x" * 5000,
    "x; if",
    "x (e:reboot:)",
    "kubectl delete ns shop",
    "web -n shop --all",
    "x; Do: kubectl delete ns shop",
]
FACTS = [
    *("image", "previous_image", "revision", "changed", "message", "container", "reason", "restarts", "memory_limit"),
    *("missing_kind", "missing_name", "missing_key", "quota", "quota_limit", "probe", "tool_app", "node"),
    *("previous_rolled_out_at", "template_hash"),
]
KINDS = [
    *("crash_loop", "out_of_memory", "image_pull", "missing_configuration", "refused", "unschedulable"),
    *("node", "evicted", "probe", "other"),
]
FAKE = """#!{bash}
printf '%s\\n' "$(printf ' %q' "$0" "$@")" >> "$CALLS"
"""
WORD = re.compile(r"[a-zA-Z0-9./=:-]+")
TOOLS = ("kubectl", "helm")
BASH = shutil.which("bash") or "/bin/bash"
RAN = re.compile(r"^\++ran (\S+)", re.MULTILINE)
AFTER = re.compile(r"; *(\w+)")
"""Where a command begins within a line: a keyword such as `time` leaves no trace."""
BUILT_IN = frozenset(subprocess.check_output([BASH, "-c", "compgen -bk"], text=True).split())
OTHER_SHELLS = frozenset({"repeat", "foreach", "end", "nocorrect", "noglob", "where", "print", "what", "find", "take"})
"""What zsh, and systems other than this one, have beyond it."""


def hostile_faults(bad: str) -> Iterator[Diagnosis]:
    """Yield diagnoses of faults with a hostile text in each fact."""
    for fact in FACTS:
        for kind in KINDS:
            facts = {"missing_kind": "Secret", "memory_limit": "1Gi", "container": "app", fact: bad}
            yield diagnosis(cause(None, fault(kind, facts)))


def hostile_changes(bad: str) -> Iterator[Diagnosis]:
    """Yield diagnoses with a hostile text in all else that may reach an action."""
    for fact in FACTS:
        yield diagnosis(cause(change(facts={fact: bad}), fault()))
    for tool in ("argocd", "helm", "flux", "operator", bad):
        yield diagnosis(cause(change(facts={"tool": tool, "tool_app": bad}), fault()))
    for subject in (
        Subject("Deployment", "shop", bad),
        Subject("StatefulSet", bad, "web"),
        Subject(bad, "shop", "web"),
    ):
        yield diagnosis(cause(change(subject=subject, service=bad), fault(pods=[bad, "web-0"])))
        yield diagnosis(cause(None, fault(subject=subject, pods=[bad])))
    for event_type in EventType:
        told = posted(event_type, entity=bad, vendor=bad, sha=bad, link=f"https://x/{bad}", actor=bad, service=bad)
        is_rollout = event_type is EventType.DEPLOY
        yield diagnosis(cause(change(is_rollout=is_rollout, old_value=bad, new_value=bad, facts={}, **told)))
        yield diagnosis(cause(None, fault("other", text=bad, **told)))
        native = change(is_rollout=is_rollout, event_type=event_type, old_value=bad, new_value=bad, actor=bad)
        yield diagnosis(cause(native))
        either = [cause(native, score=0.5), cause(change(is_rollout=False, facts={}, new_value=bad, **told), score=0.5)]
        yield diagnosis(*either, is_undecided=True)


def standings(bad: str) -> list[Any]:
    back = change(facts={"image": bad, "template_hash": "old"}, actor=bad)
    return [None, held(14, {13: "old", 14: "new"}), held(15, {14: "new", 15: "old"}, rollback=back)]


class Shell:
    """A bash that finds nothing but fakes of the tools, in an empty directory."""

    def __init__(self, place: Path) -> None:
        self.empty, self.calls, tools = place / "empty", place / "calls", place / "tools"
        for directory in (self.empty, tools):
            directory.mkdir()
        for name in TOOLS:
            (tools / name).write_text(FAKE.format(bash=BASH))
            (tools / name).chmod(0o755)
        self.ran: set[str] = set()
        self._env = {"PATH": str(tools), "CALLS": str(self.calls), "HOME": str(self.empty)}
        self._env |= {"PS1": "", "PS2": "", "HISTFILE": ""}

    def check(self, text: str) -> str:
        """Return what a shell says of the form of lines."""
        return subprocess.run([BASH, "-n"], input=text, capture_output=True, text=True, check=False).stderr

    def paste(self, lines: list[str]) -> list[list[str]]:
        """Type lines as somebody would who pastes them; return how the tools were called."""
        self.calls.write_text("")
        typed = "PS4='+ran '; set -x\n" + "\n".join(lines) + "\n"
        done = subprocess.run(
            [BASH, "--norc", "--noprofile", "--noediting", "-i"],
            input=typed.encode(),
            cwd=self.empty,
            env=self._env,
            capture_output=True,
            check=False,
            timeout=60,
        )
        self.ran |= set(RAN.findall(done.stderr.decode())) | set(AFTER.findall("\n".join(lines)))
        return [line.split() for line in self.calls.read_text().splitlines()]

    def commands(self) -> set[str]:
        """Return the words that the shell of a reader would have run, beyond the tools, if they are commands at all."""
        known = {word for word in self.ran if shutil.which(word) or word in OTHER_SHELLS | BUILT_IN}
        return known - set(TOOLS)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def actions(bad: str) -> Iterator[list[str]]:
    """Yield what hostile notes say to do."""
    for found in hostile_faults(bad):
        yield action_of(note(found))
    for found in hostile_changes(bad):
        yield from (action_of(note(found, standing)) for standing in standings(bad))


def check_pasting(shell: Shell, blocks: list[tuple[str, ...]]) -> list[str]:
    """Paste blocks one after the other; no line may keep the next from running, and only commands run."""
    leads = {line for block in blocks for line in block if line is block[0] or line.startswith("If it is ")}
    assert shell.check("\n".join(line for block in blocks for line in block if line not in leads)) == ""
    for lead in leads:
        assert "unexpected E" not in shell.check(lead)
        assert "unexpected end" not in shell.check(lead)
    lines = [line for block in blocks for line in block]
    commands = [line for line in lines if line.startswith(TOOLS)]
    calls = [[Path(call[0]).name, *call[1:]] for call in shell.paste(lines)]
    assert calls == [line.split() for line in commands]
    assert shell.commands() - {"set"} == set()
    assert os.listdir(shell.empty) == []  # noqa: PTH208
    return commands


REVIEWED = [*DIRECTORY.glob("*.txt"), ORDINARY]


@pytest.mark.parametrize("reviewed", REVIEWED, ids=[path.stem for path in REVIEWED])
def test_what_was_reviewed_can_be_pasted_whole(shell: Shell, reviewed: Path) -> None:
    blocks = re.split(r"\n\n|\n(?==)|(?<=\.)\n(?=Do)", reviewed.read_text(encoding="utf-8"))
    check_pasting(shell, [tuple(block.splitlines()) for block in blocks if block.startswith(("Do", "If it comes"))])


@pytest.mark.parametrize("lead", ["Do: x; if it goes on", "Do: it's x", "Do: x; time passes", "Do: x; find the leak"])
def test_the_shell_of_these_tests_would_show_a_lead_that_runs(shell: Shell, lead: str) -> None:
    with pytest.raises(AssertionError):
        check_pasting(shell, [(lead,)])


@pytest.mark.parametrize("bad", HOSTILE)
def test_pasted_lines_call_the_tools_and_nothing_else(shell: Shell, bad: str) -> None:
    blocks = list(dict.fromkeys(map(tuple, actions(bad))))
    commands = check_pasting(shell, blocks)
    assert len(commands) > 5
    assert all(WORD.fullmatch(word) for line in commands for word in line.split())
    for lead, *rest in blocks:
        assert lead.startswith(("Do:", "Do, if it is to blame:"))
        assert all(line.startswith(("kubectl ", "helm ", "# ", "If it is ")) for line in rest)
        words = [lead, *(line for line in rest if line.startswith("If it is "))]
        assert not any(re.search(r"[`$|&<>\\*!{}\"']", line) for line in words)


def test_the_shell_of_these_tests_would_show_an_attack(shell: Shell) -> None:
    assert shell.paste(["kubectl get pods; : > x"]) != []
    assert os.listdir(shell.empty) == ["x"]  # noqa: PTH208
