"""The simulator as a program: its command line and its control API."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testbed.pagerduty.program.cli import main
from testbed.pagerduty.program.client import ControlClient, ControlError

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("pagerduty") / "state.json"
    program = _started(path)
    try:
        assert program.stdout is not None
        assert program.stdout.readline().startswith(b"http://127.0.0.1:")
        yield path
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=10) == 0
        assert not path.exists()
    finally:
        program.kill()
        program.communicate()


@pytest.fixture
def control(state_file: Path) -> Iterator[ControlClient]:
    with ControlClient(json.loads(state_file.read_text())["url"]) as client:
        yield client


@pytest.fixture
def run(state_file: Path, capsys: pytest.CaptureFixture[str]) -> "Runner":
    return Runner(state_file, capsys)


class Runner:
    def __init__(self, state_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._state_file = state_file
        self._capsys = capsys

    def __call__(self, *words: str) -> str:
        code = main(["--state-file", str(self._state_file), *words])
        said = self._capsys.readouterr()
        assert code == 0, said.err
        return said.out.strip()

    def refused(self, *words: str) -> str:
        assert main(["--state-file", str(self._state_file), *words]) == 1
        return self._capsys.readouterr().err.strip()


def test_the_state_file_names_url_and_key_and_is_private(state_file: Path) -> None:
    state = json.loads(state_file.read_text())
    answer = httpx.get(f"{state['url']}/services", headers={"Authorization": f"Token token={state['token']}"})
    assert answer.status_code == 200
    assert state_file.stat().st_mode & 0o777 == 0o600


def test_an_incident_lives_from_the_command_line(run: "Runner", state_file: Path) -> None:
    run("service", "payments-api")
    incident = run("trigger", "payments-api", "Checkout fails", "--details", '{"pod": "api-1"}')
    assert run("ack", incident) == "acknowledged"
    _post_note(state_file, incident)
    shown = run("show", incident)
    assert "Checkout fails  acknowledged" in shown
    assert shown.endswith("found it\nsecond line")
    assert run("resolve", incident) == "resolved"
    assert run("reopen", incident) == "triggered"
    run("service", "ledger")
    assert run("move", incident, "ledger") == "triggered"
    assert run("resolve", incident) == "resolved"
    assert json.loads(run("show", incident, "--json"))["alerts"][0]["body"]["details"] == {"pod": "api-1"}
    assert incident in run("list")


def test_the_ledger_is_printed_with_every_attempt(run: "Runner") -> None:
    run("service", "search-api")
    subscription, secret = run("subscribe", "http://127.0.0.1:1/", "--event", "incident.triggered").split()
    incident = run("trigger", "search-api", "Index stale")
    assert (len(secret), subscription[0]) == (64, "P")
    assert f"incident.triggered {incident}  pending" in run("ledger")
    assert json.loads(run("summary"))["pending"] >= 1
    assert len(run("ping", subscription)) == 36


def test_a_team_and_its_service_are_added_from_the_command_line(run: "Runner", control: ControlClient) -> None:
    team = run("team", "Payments")
    run("service", "teams-own", "--team", team)
    subscription, _ = run("subscribe", "http://127.0.0.1:1/", "--scope", team).split()
    incident = run("trigger", "teams-own", "Checkout fails")
    [webhook] = control.get(f"incidents/{incident}")["webhooks"][-1:]
    assert webhook["subscription_id"] == subscription
    assert run.refused("service", "x", "--team", "PNOBODY") == "error: nothing is known by PNOBODY"


def test_rules_are_added_listed_and_cleared(run: "Runner", control: ControlClient) -> None:
    run("rule", "add", "rate-limit", "--path", "/incidents/*/notes", "--nth", "2", "--bare")
    [rule] = json.loads(run("rule", "list"))
    assert (rule["action"], rule["path"], rule["nth"], rule["headers"]) == (
        "rate-limit",
        "/incidents/*/notes",
        2,
        False,
    )
    run("rule", "clear")
    assert control.get("rules") == []


def test_the_clock_is_moved_from_the_command_line(run: "Runner", control: ControlClient) -> None:
    before = control.post("clock/advance", seconds=0)["offset_s"]
    run("clock", "advance", "3600")
    assert control.post("clock/advance", seconds=0)["offset_s"] == before + 3600


def test_settings_change_while_running(run: "Runner") -> None:
    assert json.loads(run("set", "--latency", "0.01")) == {"latency_s": 0.01, "requests_per_minute": 960}
    run("set", "--latency", "0")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("show", "QNOBODY"), "error: nothing is known by QNOBODY"),
        (("trigger", "no-such-service", "x"), "error: nothing is known by no-such-service"),
        (("clock", "advance", "-1"), "error: the clock cannot go back by 1.0 s: give zero or more seconds"),
        (
            ("subscribe", "http://127.0.0.1:1/", "--scope", "PNONE"),
            'error: no service or team PNONE: give the id of one, or "account"',
        ),
    ],
    ids=str,
)
def test_a_refused_command_says_why(run: "Runner", words: tuple[str, ...], sentence: str) -> None:
    assert run.refused(*words) == sentence


def test_a_body_that_lacks_a_field_is_named(control: ControlClient) -> None:
    with pytest.raises(ControlError, match="the body lacks service, title"):
        control.post("incidents")


def test_a_command_without_a_simulator_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--state-file", str(tmp_path / "none.json")]) == 1
    assert capsys.readouterr().err.endswith("none.json does not exist; start one with serve\n")


def test_the_control_api_is_no_part_of_the_rest_api(state_file: Path) -> None:
    url = json.loads(state_file.read_text())["url"]
    assert httpx.get(f"{url}/_control/summary").status_code == 200
    assert httpx.get(f"{url}/summary").status_code == 401


def test_the_program_ends_with_its_parent(tmp_path: Path) -> None:
    state_file = tmp_path / "state.json"
    words = [sys.executable, "-m", "testbed.pagerduty", "serve", "--with-parent", "--state-file", str(state_file)]
    script = f"import subprocess; p = subprocess.Popen({words!r}, stdout=subprocess.PIPE); p.stdout.readline()"
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True, timeout=20)
    assert _gone_within(state_file, 60.0)


def _started(state_file: Path) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "testbed.pagerduty", "serve", "--state-file", str(state_file), "--with-parent"]
    return subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE)


def _post_note(state_file: Path, incident: str) -> None:
    state = json.loads(state_file.read_text())
    headers = {"Authorization": f"Token token={state['token']}", "From": state["email"]}
    body = {"note": {"content": "found it\nsecond line"}}
    httpx.post(f"{state['url']}/incidents/{incident}/notes", json=body, headers=headers).raise_for_status()


def _gone_within(path: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not path.exists()
