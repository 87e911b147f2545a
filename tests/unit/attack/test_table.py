"""The table says what an attack did to others, and its verdict cannot be better than its figures."""

import json
from pathlib import Path

import pytest

from testbed.attack.floods.limits import limit_megabytes
from testbed.attack.table import Row, render, write_json

FIGURES = {"calm_p99_s": 0.1, "p99_s": 0.29, "rss_mb": 200.0, "rss_limit_mb": 500.0}


def row(**changes: object) -> Row:
    return Row("flood", "much", **(FIGURES | changes))  # type: ignore[arg-type]


def test_an_attack_that_nobody_else_felt_passes() -> None:
    assert row().passed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p99_s": 0.31}, "3.1 times as late"),
        ({"calm_p99_s": 1.1}, "attack on a machine that does nothing else"),
        ({"lost": 1}, "1 incidents of the second tenant have no note"),
        ({"rss_mb": 501.0}, "501 MB resident"),
        ({"effects": ["a note was forged"]}, "a note was forged"),
    ],
)
def test_each_effect_fails_the_attack_and_is_told(changes: dict[str, object], words: str) -> None:
    assert not row(**changes).passed
    assert words in render([row(**changes)])
    assert "FAILED" in render([row(**changes)])


def test_the_json_holds_every_effect_with_the_figures(tmp_path: Path) -> None:
    write_json([row(effects=[f"effect {n}" for n in range(20)])], tmp_path / "deep" / "a.json", "a label")
    told = json.loads((tmp_path / "deep" / "a.json").read_text())
    assert told["label"] == "a label"
    assert len(told["rows"][0]["effects"]) == 20
    assert told["rows"][0]["passed"] is False


@pytest.mark.parametrize("program", ["operator", "receiver"])
def test_the_limits_are_those_of_the_chart(program: str) -> None:
    assert 100 < limit_megabytes(program) < 1100
