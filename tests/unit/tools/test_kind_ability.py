"""What a machine that runs no containers is told."""

import os
from argparse import Namespace
from pathlib import Path

import pytest

from hack.image.store import Store
from testbed.kind import __main__ as program
from testbed.kind import session
from testbed.kind.errors import MachineCannot
from testbed.kind.machine import daemon, host


def say_nothing(_: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture
def without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where no Docker answers."""
    monkeypatch.setattr(session, "running_docker", lambda: None)


def test_who_is_not_root_is_told_to_start_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MachineCannot, match="Start Docker, or run this as root"):
        daemon.require_daemon(Store("kind", say_nothing))


def test_where_control_groups_cannot_be_made_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "_CGROUPS", Path("/proc/self"))
    with pytest.raises(MachineCannot, match="Control groups are read-only"):
        daemon.require_daemon(Store("kind", say_nothing))


def test_a_check_that_fails_for_the_machine_has_an_exit_code_of_its_own(
    without_docker: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert program.check(Namespace()) == program.CANNOT
    assert "Start Docker" in capsys.readouterr().err
