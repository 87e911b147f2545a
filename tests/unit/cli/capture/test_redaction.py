"""What leaves the cluster: what a diagnosis needs, and no secret of anybody."""

import json
from typing import Any

import pytest

from noctuary_cli.capture.redaction.hiding import HASH, Hiding
from noctuary_cli.capture.redaction.objects import Redaction
from noctuary_cli.capture.redaction.texts import Texts
from testbed.stage.canaries import COUNT, canary, log_with_canaries, objects_with_canaries
from testbed.stage.log_canaries import logs_with_secrets
from testbed.stage.secret_search import leaks

Json = dict[str, Any]
KEY = b"a key"


def redacted(*objects: Json, logs: str = "", secret_names: tuple[str, ...] = ()) -> tuple[list[Json], str]:
    hiding = Hiding(KEY, secret_names)
    redaction = Redaction(hiding)
    shown = [redaction.object(each) for each in objects]
    texts = Texts(hiding)
    redaction.texts(texts.redacted, texts.redacted_log)
    return shown, "\n".join(texts.redacted_log(line) for line in logs.splitlines())


def pod(**spec: Any) -> Json:
    container = {"name": "app", "image": "shop/app:1.0", **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {"containers": [container]}}


def container_of(obj: Json) -> Json:
    found: Json = redacted(obj)[0][0]["spec"]["containers"][0]
    return found


def test_two_hundred_canaries_are_really_there() -> None:
    written = json.dumps([*objects_with_canaries()]) + log_with_canaries()
    assert sum(canary(number) in written for number in range(COUNT)) == COUNT


def test_no_canary_is_found_in_objects_or_logs() -> None:
    shown, logs = redacted(*objects_with_canaries(), logs=log_with_canaries())
    secrets = {str(number): canary(number) for number in range(COUNT)}
    assert len(shown) == COUNT
    assert leaks(secrets, {"objects": json.dumps(shown), "logs": logs}) == []


def test_no_secret_is_found_in_what_programs_print_before_they_end() -> None:
    written = [*logs_with_secrets()]
    _, logs = redacted(logs="\n".join(text for text, _ in written))
    assert [secret for _, secret in written if secret in logs] == []


FORMS = [
    "canary-017-abc",
    "CANARY017",
    "Tr0ub4dor&3",
    "0f8c1d2e3b4a",
    "AKIA-1234-XYZW",
    "p4ss-w0rd-12345",
    "a1_b22_c333_d",
]


@pytest.mark.parametrize("secret", FORMS)
def test_a_word_that_mixes_letters_and_numbers_is_in_no_message(secret: str) -> None:
    status = {"message": f"cannot use {secret} at db.example.com:5432 since 2026-11-20T14:02:11Z"}
    message = redacted(pod() | {"status": status})[0][0]["status"]["message"]
    assert secret not in message
    assert message.endswith("at db.example.com:5432 since 2026-11-20T14:02:11Z")


def test_variables_are_shown_where_the_rule_of_values_says_so() -> None:
    env = [{"name": name, "value": value} for name, value in (("REPLICAS", "3"), ("API_KEY", "3"), ("MODE", "fast"))]
    shown = {each["name"]: each["value"] for each in container_of(pod(env=env))["env"]}
    assert shown["REPLICAS"] == "3"
    assert shown["API_KEY"].startswith(HASH)
    assert shown["MODE"].startswith(HASH)


def test_the_list_of_secret_like_names_can_be_extended() -> None:
    ((obj,), _) = redacted(pod(env=[{"name": "BADGE", "value": "3"}]), secret_names=("badge",))
    assert obj["spec"]["containers"][0]["env"][0]["value"].startswith(HASH)


ARGUMENTS = [
    (["--port=8080"], ["--port=8080"]),
    (["--port", "8080"], ["--port", "8080"]),
    (["-Xmx512m"], ["-Xmx512m"]),
    (["--db-host=postgres", "--verbose"], ["--db-host=postgres", "--verbose"]),
    (["serve"], [HASH]),
    (["--password", "8080"], ["--password", HASH]),
    (["--password=8080"], ["--password=" + HASH]),
    (["-p8080x"], [HASH]),
    (["-ppassword"], [HASH]),
]


@pytest.mark.parametrize(("given", "wanted"), ARGUMENTS)
def test_flags_keep_their_names_and_plain_values(given: list[str], wanted: list[str]) -> None:
    shown = container_of(pod(args=given))["args"]
    assert len(shown) == len(wanted)
    assert all(
        told == want or (HASH in want and told.startswith(want)) for told, want in zip(shown, wanted, strict=True)
    )


def test_the_same_value_has_the_same_hash_and_another_one_another() -> None:
    env = [{"name": f"V{name}", "value": value} for name, value in (("A", "x"), ("B", "x"), ("C", "y"))]
    first, second, third = (each["value"] for each in container_of(pod(env=env))["env"])
    assert first == second != third


def test_a_value_that_was_hidden_is_in_no_message() -> None:
    status = {"message": "cannot log in as bob with correct-horse at host"}
    obj = pod(env=[{"name": "PASSWORD", "value": "correct-horse"}]) | {"status": status}
    assert redacted(obj)[0][0]["status"]["message"] == "cannot log in as bob with … at host"


KEPT_MESSAGES = [
    "Back-off restarting failed container app in pod web-7d9f8b6c5-x2x4z_team(u-1)",
    'Readiness probe failed: Get "http://10.1.2.3:8080/healthz": dial tcp 10.1.2.3:8080: connect: connection refused',
    "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }",
    "Liveness probe failed: HTTP probe failed with statuscode: 503; image registry.k8s.io/pause:3.9 on python3",
    "Container image pull took 1m30.123456789s; memory limit 1536Mi; python3 uses base64",
]


@pytest.mark.parametrize("message", KEPT_MESSAGES)
def test_what_kubernetes_says_stays_as_it_is(message: str) -> None:
    about = {"name": "web-7d9f8b6c5-x2x4z", "namespace": "team", "uid": "u-1"}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": about,
        "message": message,
    }
    assert redacted(event)[0][0]["message"] == message


def test_annotations_go_but_for_those_that_are_read() -> None:
    annotations = {"deployment.kubernetes.io/revision": "3", "example.com/owner": "bob"}
    template = {"metadata": {"annotations": {"example.com/owner": "bob"}}}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "annotations": annotations}}
    shown = redacted(obj | {"spec": {"template": template}})[0][0]
    assert shown["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "3"}
    assert shown["spec"]["template"]["metadata"]["annotations"]["example.com/owner"].startswith(HASH)


def test_a_config_map_keeps_the_names_of_its_keys() -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"app.yaml": "x", "b": "x"}}
    data = redacted(obj)[0][0]["data"]
    assert set(data) == {"app.yaml", "b"}
    assert data["b"] == data["app.yaml"] != "x"


def test_a_secret_like_label_and_its_selector_stay_alike() -> None:
    selector = {"matchLabels": {"access-key": "a1"}, "matchExpressions": [{"key": "access-key", "values": ["a1"]}]}
    obj = {
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {"labels": {"access-key": "a1"}},
        "spec": {"selector": selector},
    }
    shown = redacted(obj)[0][0]
    hashed = shown["metadata"]["labels"]["access-key"]
    assert hashed.startswith(HASH)
    assert shown["spec"]["selector"]["matchLabels"]["access-key"] == hashed
    assert shown["spec"]["selector"]["matchExpressions"][0]["values"] == [hashed]


def test_managed_fields_keep_who_wrote_which_field_when() -> None:
    fields: Json = {"f:spec": {"f:replicas": {}, 'k:{"name":"app"}': {}, 'k:{"name":"a b"}': {}, 'v:"secret"': {}}}
    entry = {"manager": "kubectl", "operation": "Update", "time": "2026-11-20T14:02:11Z", "fieldsV1": fields}
    obj = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "managedFields": [entry]}}
    (shown,) = redacted(obj)[0][0]["metadata"]["managedFields"]
    assert shown == entry | {"fieldsV1": {"f:spec": {"f:replicas": {}, 'k:{"name":"app"}': {}}}}


ODD = [
    {"kind": "Pod", "metadata": {"name": "a"}, "spec": None},
    {"kind": "Pod", "metadata": {"labels": {"a": None}, "annotations": {"a": 1}, "managedFields": {}}, "status": []},
    {"kind": "ConfigMap", "metadata": {}, "data": None, "binaryData": 3},
    {"kind": "X", "metadata": {}, "spec": {"args": [1, None], "command": [], "selector": {}, "values": {"key": 3}}},
    {"kind": "X", "metadata": {}, "message": None, "spec": {"template": {"spec": {"containers": None}}}},
]


@pytest.mark.parametrize("obj", ODD)
def test_an_odd_object_is_redacted_as_far_as_it_goes(obj: Json) -> None:
    assert redacted(obj)[0][0]["kind"] == obj["kind"]


def test_an_object_of_any_depth_is_redacted() -> None:
    deep: Json = {}
    for _ in range(900):
        deep = {"a": [deep]}
    assert redacted({"kind": "X", "metadata": {}, "spec": deep})[0][0]["kind"] == "X"
