"""The command `noctuary` as a person meets it: what it says of itself, and of what is wrong with what it was given."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from noctuary.common.settings.base import Settings, described
from noctuary_cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = {"name": "a", "cluster": {"server": "http://127.0.0.1:9"}}
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [CLUSTER],
    "users": [{"name": "a", "user": {"token": "a-token-of-mine"}}],
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    "current-context": "a",
}
WRONG: list[tuple[str, dict[str, str], int, str]] = [
    ("noctuary_cli", {}, 2, "the following arguments are required: command"),
    ("noctuary_cli reciever", {}, 2, "invalid choice: 'reciever'"),
    ("noctuary_cli receiver", {}, 2, "NOCTUARY_DATA_DIR: is missing, and must be given"),
    ("webhook_receiver", {}, 2, "NOCTUARY_DATA_DIR: is missing, and must be given"),
    ("webhook_receiver", {"DATA_DIR": "store"}, 2, "there is no kubeconfig at ~/.kube/config"),
    ("noctuary_operator", {}, 2, "there is no kubeconfig at ~/.kube/config"),
    ("noctuary_cli operator", {"KUBECONFIG": "missing"}, 2, "there is no kubeconfig at missing"),
    ("noctuary_cli operator", {"KUBECONFIG": "broken"}, 2, "it is no kubeconfig that can be read"),
    ("noctuary_cli operator", {"KUBECONFIG": "text"}, 2, "it is no kubeconfig that can be read"),
    ("noctuary_cli operator", {"KUBECONFIG": "."}, 2, ". cannot be used (Is a directory)"),
    ("noctuary_cli cleanup", {"KUBECONFIG": "authority"}, 2, "/nowhere/ca.pem"),
    (
        "noctuary_cli cleanup --dry-run",
        {"KUBECONFIG": "good"},
        1,
        "http://127.0.0.1:9 does not answer",
    ),
    (
        "noctuary_cli cleanup --yes",
        {"KUBECONFIG": "good"},
        1,
        "(ClientConnectorError), so nothing was changed",
    ),
    ("noctuary_operator", {"LOG_LEVEL": "loud"}, 2, "NOCTUARY_LOG_LEVEL: should be 'debug', 'info'"),
    ("webhook_receiver", {"LOG_LEVEL": "loud"}, 2, "NOCTUARY_LOG_LEVEL: should be 'debug', 'info'"),
    ("noctuary_cli cleanup", {"LOG_LEVEL": "loud"}, 2, "NOCTUARY_LOG_LEVEL: should be 'debug', 'info'"),
    ("noctuary_cli cleanup", {"STOP_WORKLOADS": "noctuary-operator"}, 2, "NOCTUARY_STOP_WORKLOADS: holds 'noctuary-"),
    ("noctuary_cli cleanup", {"STOP_WORKLOADS": "deployments/a,pods/x"}, 2, "NOCTUARY_STOP_WORKLOADS: holds 'pods/x'"),
    ("noctuary_cli cleanup", {"STOP_WORKLOADS": "deployments/"}, 2, "neither deployments/NAME nor statefulsets/NAME"),
    ("noctuary_cli cleanup", {"RELEASE_NAMESPACE": "Bad Name/x"}, 2, "NOCTUARY_RELEASE_NAMESPACE: is no name of a"),
    ("webhook_receiver", {"PUBLIC_PORT": "99999"}, 2, "NOCTUARY_PUBLIC_PORT: should be less than or equal to 65535"),
    ("noctuary_operator", {"HEALTH_PORT": "80a"}, 2, "NOCTUARY_HEALTH_PORT: should be a valid integer"),
    (
        "noctuary_operator",
        {"RECEIVER_PORT": "tcp://10.0.0.1:8080"},
        2,
        "NOCTUARY_RECEIVER_PORT: should be a valid integer",
    ),
    ("noctuary_operator", {"WATCH_NAMESPACES": '["a'}, 2, "NOCTUARY_WATCH_NAMESPACES: begins as JSON"),
    ("webhook_receiver", {"DATA_DIR": "text", "KUBECONFIG": "good"}, 2, "text cannot be written to (File exists)"),
    (
        "webhook_receiver",
        {"DATA_DIR": "text/x", "KUBECONFIG": "good"},
        2,
        "text/x cannot be written to (Not a directory)",
    ),
    ("webhook_receiver", {"DATA_DIR": "d", "KUBECONFIG": "good", "HOST": "192.0.2.1"}, 2, "cannot be listened on"),
    ("webhook_receiver", {"DATA_DIR": "d", "KUBECONFIG": "good", "PORT_FILE": "text/x"}, 2, "NOCTUARY_PORT_FILE"),
    (
        "noctuary_cli cleanup",
        {"KUBECONFIG": "missing"},
        2,
        "NOCTUARY_KUBECONFIG: there is no kubeconfig at missing;",
    ),
    ("noctuary_cli store check --data-dir text", {}, 1, "text/noctuary.db does not exist"),
]
"""What is run, its settings without their prefix, the exit code, and what is told."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what settings may lead to, and without a kubeconfig where one is looked for."""
    home = tmp_path_factory.mktemp("home")
    authority = {**CLUSTER, "cluster": {"server": "https://127.0.0.1:9", "certificate-authority": "/nowhere/ca.pem"}}
    (home / "good").write_text(yaml.safe_dump(KUBECONFIG))
    (home / "authority").write_text(yaml.safe_dump({**KUBECONFIG, "clusters": [authority]}))
    (home / "broken").write_text("{{{")
    (home / "text").write_text("text")
    return home


def run(
    home: Path, line: str, settings: dict[str, str], stderr: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a module with these settings and no others."""
    environment = {name: value for name, value in os.environ.items() if not re.match("NOCTUARY_|KUBE", name)}
    environment |= {"HOME": str(home), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'operator'}"}
    environment |= {"NOCTUARY_PUBLIC_PORT": "0", "NOCTUARY_INTERNAL_PORT": "0", "NOCTUARY_HEALTH_PORT": "0"}
    environment |= {f"NOCTUARY_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", *line.split()]
    return subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=120,
        check=False,
        cwd=home,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(("line", "settings", "code", "told"), WRONG, ids=str)
def test_what_is_wrong_is_told_in_words_and_by_the_exit_code(
    home: Path, line: str, settings: dict[str, str], code: int, told: str
) -> None:
    result = run(home, line, settings)
    assert told in result.stderr
    assert result.returncode == code, result
    assert "Traceback" not in result.stderr
    assert "a-token-of-mine" not in result.stderr


def test_a_person_at_a_terminal_reads_a_sentence(home: Path) -> None:
    person, terminal = pty.openpty()
    run(home, "noctuary_operator", {"KUBECONFIG": "missing"}, stderr=terminal)
    os.close(terminal)
    said = os.read(person, 4096).decode()
    os.close(person)
    assert said.startswith(
        "NOCTUARY_KUBECONFIG: there is no kubeconfig at missing; name a kubeconfig that kubectl works with"
    )


@pytest.mark.parametrize(
    ("module", "host", "port"),
    [("noctuary_operator", "HEALTH_HOST", "HEALTH_PORT"), ("webhook_receiver", "HOST", "PUBLIC_PORT")],
)
def test_a_port_that_is_taken_is_told_with_its_setting(home: Path, module: str, host: str, port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        result = run(home, module, {"KUBECONFIG": "good", "DATA_DIR": "d", host: "127.0.0.1", port: number})
    assert (result.returncode, f'"setting": "NOCTUARY_{port}"' in result.stderr) == (2, True), result
    assert "Traceback" not in result.stderr


SETTINGS = [(name, command.settings()) for name, command in COMMANDS.items()]


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=str)
def test_the_help_of_a_command_lists_all_its_settings(
    name: str, settings: type[Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert [each.variable for each in described(settings)] == re.findall(r"(NOCTUARY_\w+) \(", shown)
    assert [each for each in described(settings) if each.meaning not in shown] == []


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=str)
def test_every_setting_says_what_it_means(name: str, settings: type[Settings]) -> None:
    assert len(list(described(settings))) == len(settings.model_fields)


def test_a_default_is_shown_as_it_would_be_written() -> None:
    shown = {each.variable: each for _, settings in SETTINGS for each in described(settings)}
    assert shown["NOCTUARY_ALLOWED_API_HOSTS"].default == "api.pagerduty.com,api.eu.pagerduty.com"
    assert shown["NOCTUARY_WATCH_CLUSTER"].default == "true"
    assert shown["NOCTUARY_DATA_DIR"].default is None
    assert shown["NOCTUARY_CONCURRENCY"].takes == "whole number from 1 to 64"
    assert shown["NOCTUARY_SECRET_ACCESS"].takes == "cluster, namespaces"


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    project = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert project is not None
    assert (ended.value.code, capsys.readouterr().out) == (0, f"noctuary {project[1]}\n")


@pytest.mark.parametrize("level", ["INFO", "warn", " Debug "])
def test_the_level_of_the_log_is_read_in_any_case(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCTUARY_LOG_LEVEL", level)
    assert COMMANDS["cleanup"].settings()().log_level == {"info": "info", "warn": "warning"}.get(level.lower(), "debug")


CUT = """
import importlib.abc, os, signal, sys, time

class Cut(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "pydantic":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

sys.meta_path.insert(0, Cut())
"""


@pytest.mark.parametrize("module", ["noctuary_cli operator", "noctuary_operator", "webhook_receiver"])
def test_an_interrupt_while_it_imports_is_no_traceback(tmp_path: Path, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(CUT)
    paths = os.pathsep.join(str(each) for each in (tmp_path, ROOT, ROOT / "operator"))
    result = subprocess.run(
        [sys.executable, "-m", *module.split()],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    )
    assert (result.returncode, result.stderr) == (-signal.SIGINT, "")


@pytest.mark.parametrize("line", ["--version", "--help", "cleanup --help"])
def test_what_the_command_says_of_itself_is_not_lost_in_silence(line: str) -> None:
    command = f"exec {sys.executable} -m noctuary_cli {line} >/dev/full"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'operator'}"}
    result = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (result.returncode, result.stderr.startswith("The answer cannot be written")) == (1, True), result


@pytest.mark.parametrize(
    ("ending", "told"),
    [(">/dev/full", "(No space left on device)"), (">&-", "(it is closed)"), ("> >(:)", "(Broken pipe)")],
)
def test_an_answer_that_nobody_can_read_is_told_in_words(tmp_path: Path, ending: str, told: str) -> None:
    (tmp_path / "noctuary.db").touch()
    line = f"exec {sys.executable} -m noctuary_cli store check --data-dir . {ending}"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'operator'}"}
    result = subprocess.run(
        ["bash", "-c", line], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 1, result
    assert f"The answer cannot be written to standard output {told}" in result.stderr
    assert "Traceback" not in result.stderr
