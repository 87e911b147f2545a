"""Addresses in variables and arguments: which Services they name, and which of them are not there."""

from typing import Any

import pytest

from noctuary.sources.kubernetes.specs.checks.network.unknown_address import unknown_address
from tests.unit.sources.specs.spec_place import (
    Manifest,
    age_of,
    container,
    deployment,
    found_by,
    made,
    namespace_of,
    place,
    pods,
    rolled_out,
    service,
)

POSTGRES = service("postgres", {"app": "postgres"}, {"port": 5432})
AUTH = service("auth", {"app": "auth"}, {"port": 80, "name": "http"}, {"port": 9090})
HEADLESS = service("kafka", {"app": "kafka"}, {"port": 9092}, clusterIP="None")
OUTSIDE = service("crm", None, {"port": 1}, type="ExternalName", externalName="crm.example.com")
DATA = namespace_of([service("redis", {"app": "redis"}, {"port": 6379})], name="data")
UNREAD = namespace_of([], unread=["services"], name="unread")


def env(**values: str) -> Manifest:
    return container(env=[{"name": name, "value": value} for name, value in values.items()])


def wrong(*containers: Manifest, **spec: Any) -> list[tuple[str, str, str]]:
    objects = [POSTGRES, AUTH, HEADLESS, OUTSIDE, *deployment("pay", {"app": "pay"}, *containers, **spec)]
    found = found_by(unknown_address, place(objects, "pay", others=[DATA, UNREAD]))
    return [(facts["reason"][7:-7], facts["address"], facts.get("instead", "")) for _, facts in found]


SERVICE, PORT = "Service", "Port"
VALUES = [
    ("a URL", {"AUTH": "http://atuh/login"}, [(SERVICE, "atuh", "auth")]),
    (
        "a URL with a user",
        {"DB": "postgres://pay:s3cret@postgress:5432/pay"},
        [(SERVICE, "postgress:5432", "postgres")],
    ),
    ("a JDBC URL", {"DB": "jdbc:postgresql://db:5432/pay"}, [(SERVICE, "db:5432", "")]),
    ("a host and port", {"DB_ADDR": "db:5432"}, [(SERVICE, "db:5432", "")]),
    ("a host that is like another", {"DB_HOST": "postgress"}, [(SERVICE, "postgress", "postgres")]),
    ("a list of them", {"BROKERS": "kafka:9092, kafak:9092"}, [(SERVICE, "kafak:9092", "kafka")]),
    ("a name with its namespace", {"CACHE_HOST": "reddis.data"}, [(SERVICE, "reddis.data", "redis")]),
    ("a name below svc", {"X": "gone.data.svc"}, [(SERVICE, "gone.data.svc", "")]),
    ("a whole name", {"X": "gone.data.svc.cluster.local:1"}, [(SERVICE, "gone.data.svc.cluster.local:1", "")]),
    ("a pod's name", {"X": "gone-0.gone.data.svc"}, [(SERVICE, "gone-0.gone.data.svc", "")]),
    ("another port", {"AUTH_URL": "http://auth:8080/x"}, [(PORT, "auth:8080", "80, 9090")]),
    ("the port of its scheme", {"AUTH_URL": "https://auth/x"}, [(PORT, "auth", "80, 9090")]),
    ("a port beside it", {"DB_HOST": "postgres", "DB_PORT": "5433"}, [(PORT, "postgres", "5432")]),
    ("the right port beside it", {"DB_HOST": "postgres", "DB_PORT": "5432"}, []),
    ("what is there", {"AUTH_URL": "http://auth", "DB": "postgres:5432", "CACHE": "redis://redis.data"}, []),
    ("any port of a headless one", {"KAFKA_BROKERS": "kafka:9999,kafka-0.kafka.shop.svc:9999"}, []),
    ("any port of an external one", {"CRM_URL": "http://crm:8080"}, []),
    ("a namespace that is not read", {"X": "x.elsewhere.svc:80", "Y_URL": "http://y.elsewhere"}, []),
    ("a namespace without its Services", {"X": "x.unread.svc:80"}, []),
    ("a host of the internet", {"API_URL": "https://api.example.com", "MAIL_HOST": "smtp.example.com:25"}, []),
    ("an address by number", {"DB_HOST": "10.0.0.1:5432", "X_URL": "http://127.0.0.1:8080"}, []),
    ("itself", {"X_URL": "http://localhost:8080", "LISTEN_ADDR": "pay:8080", "HOSTNAME": "pay:1", "HOST": "x:1"}, []),
    ("an image", {"IMAGE": "redis:7"}, []),
    ("a word", {"MODE": "primary", "SERVICE": "checkout", "DB_HOST": "db01"}, []),
    ("what another variable fills in", {"X_URL": "http://$(DB_HOST):5432", "Y_URL": "http://pay$(SUFFIX)/x"}, []),
    ("a value from elsewhere", {"EMPTY": ""}, []),
]


@pytest.mark.parametrize(("values", "told"), [case[1:] for case in VALUES], ids=[case[0] for case in VALUES])
def test_a_variable_names(values: dict[str, str], told: list[tuple[str, str, str]]) -> None:
    assert wrong(env(**values)) == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--auth-url=http://atuh:80"], [(SERVICE, "atuh:80", "auth")]),
        (["--upstream", "http://atuh:80"], [(SERVICE, "atuh:80", "auth")]),
        (["--db-host=db:5432"], [(SERVICE, "db:5432", "")]),
        (["serve", "gone.data.svc:80"], [(SERVICE, "gone.data.svc:80", "")]),
        (["--image=redis:7", "--listen-address=pay:80", "run:7"], []),
    ],
)
def test_an_argument_names(words: list[str], told: list[tuple[str, str, str]]) -> None:
    assert wrong(container(args=words)) == told


def test_an_init_container_calls_as_well() -> None:
    assert wrong(container(), initContainers=[env(DB_ADDR="db:1")]) == [(SERVICE, "db:1", "")]


def test_names_of_its_own_hosts_file_and_those_on_the_hosts_network_are_none_of_services() -> None:
    aliases = [{"ip": "10.0.0.1", "hostnames": ["db"]}]
    assert wrong(env(DB_ADDR="db:5432"), hostAliases=aliases) == []
    assert wrong(env(DB_ADDR="db:5432"), hostNetwork=True) == []


def test_nothing_is_said_of_what_other_services_call() -> None:
    objects = [AUTH, *deployment("search", {"app": "search"}, env(DB_ADDR="db:1"))]
    assert found_by(unknown_address, place(objects, "pay")) == []


def test_no_more_of_a_value_is_told_than_the_address() -> None:
    objects = deployment("pay", {"app": "pay"}, env(DB="postgres://pay:s3cret@postgress:5432/pay?x=s3cret"))
    ((_, facts),) = found_by(unknown_address, place(objects, "pay"))
    assert (facts["variable"], facts["address"]) == ("DB", "postgress:5432")
    assert "s3cret" not in str(facts)


def test_it_is_called_since_the_variable_was_rolled_out_not_since_the_last_rollout() -> None:
    first = deployment("pay", {"app": "pay"}, env(DB_ADDR="postgres:5432"))
    second = rolled_out(first, 300, containers=[env(DB_ADDR="db:5432")])
    third = rolled_out(second, 60, containers=[env(DB_ADDR="db:5432", MORE="1")])
    (event,) = unknown_address(place([POSTGRES, *third], "pay"))
    assert age_of(event) == 300


def test_what_was_always_called_is_as_old_as_its_workload() -> None:
    always = rolled_out(deployment("pay", {"app": "pay"}, env(DB_ADDR="db:1")), 60, terminationGracePeriodSeconds=1)
    (event,) = unknown_address(place([POSTGRES, *always], "pay"))
    assert age_of(event) == 86400


def test_pods_that_are_not_ready_are_told_each_and_by_their_template() -> None:
    own = deployment("pay", {"app": "pay"}, env(DB_ADDR="db:1"))
    found = found_by(unknown_address, place([POSTGRES, *own, *pods(own, 2, ready=False)], "pay"))
    assert [(told, facts["template_hash"]) for told, facts in found] == [
        ("Pod/pay-h1-0 pay", "h1"),
        ("Pod/pay-h1-1 pay", "h1"),
    ]


def test_a_pod_of_a_kind_that_is_not_read_is_told_by_itself() -> None:
    owner = {"apiVersion": "example.com/v1", "kind": "Engine", "name": "pay", "uid": "e", "controller": True}
    spec = {"containers": [env(DB_ADDR="db:1")]}
    pod = made("Pod", "pay-0", spec, labels={"app": "pay"}, ownerReferences=[owner])
    ((told, _),) = found_by(unknown_address, place([POSTGRES, pod], "pay"))
    assert told == "Pod/pay-0 pay"
