"""What a recording's specs tell, and that what it holds none of is not said to be missing."""

import json
from pathlib import Path

import pytest

from noctuary_cli.main import main
from tests.unit.cli.replay.recordings import INCIDENT, Json, deployment, listed, metadata


def note_of(objects: list[Json], place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (place / "incident.json").write_text(json.dumps(INCIDENT))
    (place / "objects.json").write_text(json.dumps(listed(objects)))
    assert main(["replay", str(place)]) == 0
    return capsys.readouterr().out


def short_of_pods() -> Json:
    found = deployment()
    found["spec"]["replicas"] = 5
    return found | {"status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2}}


def test_a_quota_that_is_used_up_is_named_although_no_event_and_no_pod_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spent = {"hard": {"pods": "2"}, "used": {"pods": "2"}}
    quota = {"kind": "ResourceQuota", "metadata": metadata("small"), "spec": {"hard": {"pods": "2"}}, "status": spent}
    note = note_of([short_of_pods(), quota], tmp_path, capsys)
    assert "pods of payments-api exceed quota small (2 of 2 pods used)." in note.splitlines()[1]
    assert "\nkubectl -n payments describe resourcequota/small\n" in note


def test_a_claim_is_not_said_to_be_missing_where_none_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    pod = {"kind": "Pod", "metadata": metadata("payments-api-0"), "spec": {"volumes": [volume]}, "status": {}}
    assert "volume claim" not in note_of([deployment(), pod], tmp_path, capsys)
