"""`noctuary replay`: the note and the ranked causes of a recorded incident, by the product's own parts."""

import json
from pathlib import Path
from typing import Any

import pytest

from noctuary_cli.main import main
from tests.unit.cli.replay.recordings import DAY, INCIDENT, Json, bad_release, deployment, listed, starting_pod, warning

KEYS = {"id", "ranked", "abstained", "abstain_confidence", "note"}
CAUSE_KEYS = {"entity", "kind", "confidence", "is_change", "why", "evidence"}


def write_bundle(place: Path, incident: Json = INCIDENT, **files: str) -> Path:
    place.mkdir(exist_ok=True)
    (place / "incident.json").write_text(json.dumps(incident))
    for name, text in files.items():
        (place / name.replace("_", ".")).write_text(text)
    return place


def answers(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Json]:
    assert main(["replay", "--json", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "one", objects_json=json.dumps(listed(bad_release())))


def test_the_note_of_a_bad_release_names_it(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(bundle)]) == 0
    out = capsys.readouterr().out
    assert "cause" in out.splitlines()[1]
    assert "payments-api was rolled out to 2.4.1" in out.splitlines()[1]
    assert "kubectl -n payments rollout undo deployment/payments-api --to-revision=1" in out


def test_a_line_of_json_tells_the_ranked_causes(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (answer,) = answers(capsys, str(bundle))
    assert set(answer) == KEYS
    assert (answer["id"], answer["abstained"]) == ("one", False)
    first = answer["ranked"][0]
    assert set(first) == CAUSE_KEYS
    assert (first["entity"], first["kind"]) == ("Deployment/payments/payments-api", "rollout")
    assert first["is_change"] is True
    assert first["why"].count(first["why"].rpartition(": ")[2]) == 1
    assert first["evidence"][0]["at"] == f"{DAY}14:02:11Z"


@pytest.mark.parametrize("name", ["app", "app.previous"])
def test_what_a_crashed_container_said_is_told(bundle: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = bundle / "logs/payments/payments-api-bbb-x"
    place.mkdir(parents=True)
    (place / f"{name}.log").write_text("starting\nError: listen EADDRINUSE: address already in use :::8080\n")
    (answer,) = answers(capsys, str(bundle))
    assert "new pods crash: address already in use (port 8080)" in answer["note"].splitlines()[0]


def test_the_events_of_a_recording_are_read_though_they_are_of_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = [*bad_release()[:3], starting_pod("bbb"), warning("FailedMount", 'secret "tls" not found', "14:03:10")]
    place = write_bundle(tmp_path / "one", objects_json=json.dumps(listed(objects)))
    (answer,) = answers(capsys, str(place))
    assert "Secret tls" in answer["note"]


def test_where_nothing_happened_it_abstains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write_bundle(tmp_path / "quiet", objects_json=json.dumps(listed([deployment()])))
    (answer,) = answers(capsys, str(place))
    assert answer["abstained"] is True
    assert answer["note"].startswith("No ")


@pytest.mark.parametrize(
    "written",
    [
        json.dumps,
        lambda objects: "\n".join(json.dumps(each) for each in objects),
        lambda objects: json.dumps(listed([listed(objects)])),
        lambda objects: json.dumps({"kind": "List", "items": [*objects, 7, {"kind": "Odd"}, None]}),
    ],
    ids=["array", "documents in a row", "list in a list", "with what is no object"],
)
def test_objects_are_taken_in_every_form(written: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write_bundle(tmp_path / "one", objects_json=written(bad_release()))
    (answer,) = answers(capsys, str(place))
    assert answer["ranked"][0]["kind"] == "rollout"


def test_a_posted_event_of_the_service_is_a_candidate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "service_name": "payments-api",
        "vendor": "launchdarkly",
        "entity": "new-checkout",
        "event_type": "flag_change",
        "confidence": 1.0,
        "ttl_seconds": 3600,
        "timestamp": f"{DAY}14:03:50Z",
    }
    objects = json.dumps(listed([deployment()]))
    place = write_bundle(tmp_path / "one", objects_json=objects, events_ndjson=json.dumps(event))
    (answer,) = answers(capsys, str(place))
    assert answer["ranked"][0]["entity"] == "External/payments-api/new-checkout"
    assert answer["ranked"][0]["kind"] == "flag_change"


def test_a_mapping_tells_which_workload_an_incident_is_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = "services:\n- name: payments-api\n  pagerDutyServiceID: PABC123\n  namespaces: [payments]\n"
    incident = INCIDENT | {"service": {"id": "PABC123", "name": "Kubernetes alerts"}}
    objects = json.dumps(listed(bad_release()))
    place = write_bundle(tmp_path / "one", incident, objects_json=objects, mapping_yaml=mapping)
    (answer,) = answers(capsys, str(place))
    assert answer["ranked"][0]["entity"] == "Deployment/payments/payments-api"


def test_cases_are_answered_in_order_and_a_bad_one_keeps_none_from_it(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inline = {"id": "inline", "incident": INCIDENT, "objects": bad_release()}
    lines = [json.dumps(inline), "{", json.dumps({"id": "no incident"}), json.dumps({"id": "other", "path": "one"})]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(lines))
    assert main(["replay", "--json", "--cases", str(cases)]) == 1
    told = capsys.readouterr()
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == ["inline", "other"]
    assert "cases.jsonl line 2: line 2 is no JSON" in told.err
    assert "cases.jsonl line 3: incident is no JSON object" in told.err


WRONG = [
    ("incident_json", "[]", "incident is no JSON object; give {service, title, triggered_at}"),
    ("incident_json", '{"service": "a"}', "incident.triggered_at is missing; write it as"),
    ("incident_json", '{"service": "a", "triggered_at": "noon"}', "incident.triggered_at is not a time"),
    ("objects_json", '{"items": [', "objects.json is no JSON"),
    ("mapping_yaml", "services: {a: b", "mapping.yaml is no YAML"),
    ("mapping_yaml", "services: 7", "mapping is no list"),
    ("mapping_yaml", "- {name: web, namespaces: 7}", "mapping[0].namespaces"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG, ids=[case[2] for case in WRONG])
def test_what_is_wrong_is_named_with_its_mend(
    name: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = write_bundle(tmp_path / "one")
    (place / name.replace("_", ".")).write_text(text)
    assert main(["replay", str(place)]) == 2
    assert said in capsys.readouterr().err


def test_a_directory_without_an_incident_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 2
    assert "incident.json is missing" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a", "--cases", "b"]])
def test_one_bundle_or_a_file_of_cases_is_asked_for(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", *arguments]) == 2
    assert "name one bundle, or --cases FILE.jsonl for many" in capsys.readouterr().err
