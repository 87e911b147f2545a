"""`noctuary demo` plays what the package holds, whatever is around it."""

import socket
from pathlib import Path
from typing import Any

import pytest

from noctuary_cli.demo.command import ORDER, demo_bundles
from noctuary_cli.main import main
from noctuary_cli.replay.answer import answer_of
from noctuary_cli.replay.run import replay

ANSWERS: dict[str, Any] = {
    "bad-release": ("Deployment/payments/payments-api", "rollout"),
    "low-limit": ("Deployment/checkout/checkout", "rollout"),
    "nothing-changed": None,
}


def test_the_package_holds_every_bundle_and_no_other() -> None:
    names = {path.stem for path in (Path(__file__).parents[3] / "noctuary_cli/demo/bundles").iterdir()}
    assert names == {*ORDER} == {*ANSWERS}


@pytest.mark.parametrize("name", ORDER)
async def test_the_note_of_each_incident_is_right(name: str) -> None:
    (bundle,) = (each for each in demo_bundles() if each.id == name)
    replayed = await replay(bundle)
    answer = answer_of(replayed)
    assert replayed.odd == []
    assert answer["abstained"] is (ANSWERS[name] is None)
    assert ANSWERS[name] is None or (answer["ranked"][0]["entity"], answer["ranked"][0]["kind"]) == ANSWERS[name]


def test_the_demo_needs_no_network_and_no_cluster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the demo connects to something")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    assert [printed.count(words) for words in ("PagerDuty: ", "noctuary ref nct:", "3 incidents in ")] == [3, 3, 1]
