"""A bundle is somebody's file: whatever stands in it, the answer is a note, or one sentence about what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from noctuary_cli.main import main
from tests.unit.cli.replay.recordings import INCIDENT

NO_TIMES = [1e400, -1e18, 1e18, 10**400, float("nan"), "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
ODD_MAPPINGS = {
    "holds itself": "&a {spec: *a}",
    "no such day": "- 2001-99-99",
    "too deep": "[" * 5000,
    "too long a number": f"- {'9' * 6000}",
}
ODD_PARTS: dict[str, Any] = {
    "a number of alerts": {"alerts": 7},
    "no lookback": {"lookback_s": float("inf")},
    "too long a lookback": {"lookback_s": 10**400},
    "no confidence": {"minimum_confidence": 10**400},
    "half a letter": {"title": "\ud800", "service": "\ud800"},
    "an alert of no time": {"alerts": [{"id": "A", "created_at": "0001-01-01T00:00:00+14:00"}]},
}


def _write(place: Path, incident: dict[str, Any], mapping: str = "") -> str:
    (place / "incident.json").write_text(json.dumps(incident))
    if mapping:
        (place / "mapping.yaml").write_text(mapping)
    return str(place)


@pytest.mark.parametrize("field", ["triggered_at", "captured_at"])
@pytest.mark.parametrize("told", NO_TIMES, ids=str)
def test_what_is_no_time_is_named(told: Any, field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", _write(tmp_path, INCIDENT | {field: told})]) == 2
    assert f"incident.{field} is not a time" in capsys.readouterr().err


@pytest.mark.parametrize("mapping", ODD_MAPPINGS.values(), ids=ODD_MAPPINGS)
def test_a_mapping_that_is_none_is_named(mapping: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", _write(tmp_path, INCIDENT, mapping)]) == 2
    assert "mapping" in capsys.readouterr().err


@pytest.mark.parametrize("part", ODD_PARTS.values(), ids=ODD_PARTS)
def test_an_odd_part_of_an_incident_leaves_the_rest(part: Any, tmp_path: Path) -> None:
    assert main(["replay", _write(tmp_path, INCIDENT | part)]) == 0


def test_a_bundle_that_names_itself_has_an_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "one.json"
    bundle.write_text(json.dumps({"path": "one.json"}))
    assert main(["replay", str(bundle)]) == 2
    assert "name the bundle itself" in capsys.readouterr().err
