"""A capture is a bundle that replay takes, and its note is that of the cluster, under whatever names."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary_cli.capture.about import service_of, services_of
from noctuary_cli.capture.capture import Asked, Captured, capture
from noctuary_cli.capture.collect import Collector
from noctuary_cli.capture.write import make_directory, write_bundle
from noctuary_cli.main import main
from noctuary_cli.replay.bundle import read_bundle
from noctuary_cli.replay.recorded_cluster import RecordedCluster
from noctuary_cli.replay.run import replay
from tests.unit.cli.replay.recordings import bad_release

Json = dict[str, Any]
ALERT_AT = clock.parse_time("2026-11-20T14:04:05Z")
NAMESPACE: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments"}}


def acme(objects: list[Json]) -> list[Json]:
    """Return objects in which everything that people name has the name of somebody."""
    written = json.dumps(objects).replace("payments", "acmepay").replace("shop/", "registry.acme.example/")
    found: list[Json] = json.loads(written)
    return found


async def captured(objects: list[Json], **asked: Any) -> Captured:
    with clock.at(ALERT_AT):
        namespace = next(each["metadata"]["namespace"] for each in objects if "namespace" in each["metadata"])
        return await capture(RecordedCluster(objects), Asked([namespace], triggered_at=ALERT_AT, **asked))


async def note_of(found: Captured, output: Path) -> str:
    make_directory(output)
    write_bundle(found, output)
    return (await replay(read_bundle(output))).note


async def test_the_note_of_a_capture_blames_the_release(tmp_path: Path) -> None:
    note = await note_of(await captured(bad_release(), service="payments-api"), tmp_path / "bundle")
    assert "payments-api was rolled out to 2.4.1" in note.splitlines()[0]
    assert "kubectl -n payments rollout undo deployment/payments-api --to-revision=1" in note


def with_probe(objects: list[Json], message: str) -> list[Json]:
    """Return objects with a Warning of a pod's probe."""
    about = {"kind": "Pod", "namespace": "payments", "name": "payments-api-bbb-x", "uid": "uid-payments-api-bbb-x"}
    times = {"firstTimestamp": "2026-11-20T14:02:30Z", "lastTimestamp": "2026-11-20T14:03:30Z", "count": 9}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "payments", "uid": "u-e"}}
    return [
        *objects,
        event | {"involvedObject": about, "type": "Warning", "reason": "Unhealthy", "message": message} | times,
    ]


def with_reason(objects: list[Json], ended: Json) -> list[Json]:
    """Return objects whose crashing pod ends in another way."""
    container = objects[-1]["status"]["containerStatuses"][0]
    container["lastState"]["terminated"].update(ended)
    return objects


def with_environment(objects: list[Json]) -> list[Json]:
    """Return objects of which both versions differ in variables, arguments, probes and annotations, too."""
    for number, name in ((1, "payments-api-aaa"), (2, "payments-api-bbb"), (2, "payments-api")):
        (obj,) = (each for each in objects if each["metadata"]["name"] == name)
        template = obj["spec"]["template"]
        template["metadata"]["annotations"] = {"example.com/note": f"n{number}", "checksum/config": f"c{number}"}
        template["spec"]["containers"][0] |= {
            "env": [{"name": "DB_POOL", "value": f"{number}0"}, {"name": "TOKEN", "value": f"secret{number}"}],
            "args": ["serve", f"--mode=m{number}"],
            "resources": {"limits": {"memory": f"{number}28Mi"}},
            "readinessProbe": {"httpGet": {"path": f"/healthz/v{number}", "port": 8080}},
        }
    return objects


SCENES: list[list[Json]] = [
    bad_release(),
    with_reason(bad_release(), {"exitCode": 137, "reason": "OOMKilled"}),
    with_reason(bad_release(), {"message": "panic: listen tcp :8080: bind: address already in use"}),
    with_probe(
        bad_release(), 'Readiness probe failed: Get "http://10.1.2.3:8080/healthz": dial tcp: connection refused'
    ),
    with_environment(bad_release()),
]


@pytest.mark.parametrize("objects", SCENES)
async def test_the_note_of_a_capture_is_that_of_the_cluster(objects: list[Json], tmp_path: Path) -> None:
    found = await captured(objects, service="payments-api")
    whole = found._replace(objects=[*objects, NAMESPACE])
    notes = [await note_of(each, tmp_path / name / "same") for name, each in (("found", found), ("whole", whole))]
    assert notes[0] == notes[1]


async def test_other_names_change_nothing_but_names(tmp_path: Path) -> None:
    objects = acme(bad_release())
    plain = await note_of(await captured(objects, service="acmepay-api"), tmp_path / "plain")
    other = await note_of(await captured(objects, service="acmepay-api", is_pseudonymised=True), tmp_path / "other")
    found = re.search(r"(\w+)-api was rolled out", other)
    assert found is not None
    assert "acme" not in other
    assert [len(line.split()) for line in other.splitlines()] == [len(line.split()) for line in plain.splitlines()]
    assert f"kubectl -n {found[1]} rollout undo deployment/{found[1]}-api --to-revision=1" in other


async def test_no_name_of_somebody_is_left_in_a_pseudonymised_bundle(tmp_path: Path) -> None:
    objects = acme(bad_release())
    objects[-1]["spec"]["nodeName"] = "ip-10-1-2-3.acme.internal"
    objects[-1]["status"]["podIP"] = "10.1.2.3"
    objects[-1]["metadata"]["labels"]["acme.example/team"] = "bob-and-alice"
    make_directory(tmp_path / "bundle")
    write_bundle(await captured(objects, title="acmepay is slow", is_pseudonymised=True), tmp_path / "bundle")
    text = "\n".join(path.read_text() for path in (tmp_path / "bundle").rglob("*") if path.is_file())
    assert re.findall(r"acme\w*|alice|bob|10[.-]1[.-]2[.-]3", text, re.IGNORECASE) == []


async def test_a_namespace_that_holds_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nowhere holds nothing"):
        await capture(RecordedCluster(bad_release()), Asked(["nowhere"]))


async def test_nodes_are_those_of_the_pods_unless_one_has_none() -> None:
    nodes = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{n}"}} for n in (1, 2)]
    for pods, wanted in ((bad_release(), ["node-1"]), ([*bad_release(), _pending()], ["node-1", "node-2"])):
        collector = Collector(RecordedCluster([*pods, *nodes]))
        await collector.collect(["payments"])
        assert [each["metadata"]["name"] for each in collector.objects if each["kind"] == "Node"] == wanted


def _pending() -> Json:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "payments"}, "spec": {}}


async def test_of_a_secret_only_the_names_of_its_keys_are_told() -> None:
    entry = {"manager": "kubectl", "fieldsV1": {"f:data": {".": {}, "f:password": {}}}}
    metadata = {"name": "db", "namespace": "payments", "managedFields": [entry]}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": "aHVudGVyMg=="}}
    collector = Collector(RecordedCluster([*bad_release(), secret]))
    await collector.collect(["payments"])
    (shown,) = (each for each in collector.objects if each["kind"] == "Secret")
    assert shown == {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": ""}}


def test_the_services_are_those_that_an_integration_maps_to_the_namespace() -> None:
    spec = {"services": [{"name": "api", "pagerDutyServiceID": "P1", "namespaces": ["payments", "other"]}]}
    mapped = services_of(
        bad_release(), [{"metadata": {"namespace": "ops"}, "spec": spec}], ["payments"], "payments-api"
    )
    assert mapped == [{"name": "api", "pagerDutyServiceID": "P1", "namespaces": ["payments"]}]
    assert service_of(mapped, "", "payments") == {"id": "P1", "name": "payments"}


async def test_an_integration_of_another_namespace_is_found() -> None:
    spec = {"services": [{"name": "payments-api", "pagerDutyServiceID": "P1", "namespaces": ["payments"]}]}
    metadata = {"name": "ours", "namespace": "ops"}
    integration = {
        "apiVersion": "noctuary.io/v1alpha1",
        "kind": "PagerDutyIntegration",
        "metadata": metadata,
        "spec": spec,
    }
    found = await captured([*bad_release(), integration], service="payments-api")
    assert found.services == spec["services"]
    assert found.incident["service"] == {"id": "P1", "name": "payments-api"}
    assert "PagerDutyIntegration" not in {each["kind"] for each in found.objects}


def test_without_an_integration_every_workload_is_a_service() -> None:
    assert [each["name"] for each in services_of(bad_release(), [], ["payments"], "")] == ["payments-api"]


def test_a_bundle_is_for_its_owner_only_and_overwrites_nothing(tmp_path: Path) -> None:
    make_directory(tmp_path / "bundle")
    assert (tmp_path / "bundle").stat().st_mode & 0o077 == 0
    (tmp_path / "bundle" / "mine").touch()
    with pytest.raises(InvalidInput, match="is not empty"):
        make_directory(tmp_path / "bundle")


WRONG = [
    (["--capture", "payments", "--triggered-at", "yesterday"], "is no time"),
    (["--capture", "payments", "--cases", "x.jsonl"], "not both"),
    (["some-bundle", "--capture", "payments"], "not both"),
]


@pytest.mark.parametrize(("arguments", "problem"), WRONG)
def test_a_wrong_argument_says_what_to_write(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["replay", *arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert problem in capsys.readouterr().err
