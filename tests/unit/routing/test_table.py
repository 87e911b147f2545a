import msgspec
import pytest

from noctuary.kube.reflector import ChangeType
from noctuary.models.routing_record import RoutingRecord, TokenHash, encode_record, hash_secret, record_secret_name
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from testbed.routing_records import routing_record

NOW = 1_800_000_000.0


def secret(of: RoutingRecord) -> Secret:
    return Secret(SecretMeta(record_secret_name(of.id)), encode_record(of))


def broken(identity: str) -> Secret:
    return Secret(SecretMeta(record_secret_name(identity)), {"record.json": "bm90IEpTT04="})


@pytest.fixture
def table() -> RoutingTable:
    table = RoutingTable()
    table.on_list([secret(routing_record("a")), secret(routing_record("b"))])
    return table


def ids(table: RoutingTable) -> set[str]:
    return {record.id for record in table}


def token_opens(table: RoutingTable, token: str, at: float = NOW) -> bool:
    return table.by_token(token, at) is not None


def test_records_are_found_by_id_token_and_key(table: RoutingTable) -> None:
    found, by_key, by_id = table.by_token("token-a", NOW), table.by_ingest_key("key-b"), table.get("b")
    assert found is not None
    assert found[0].id == "a"
    assert by_key is not None
    assert by_key.id == "b"
    assert by_id == routing_record("b")


def test_a_rotated_token_works_until_its_overlap_ends(table: RoutingTable) -> None:
    tokens = [TokenHash(hash_secret("token-a"), 1, expires_at=NOW + 10), TokenHash(hash_secret("new"), 2)]
    table.on_event("MODIFIED", secret(routing_record("a", tokens=tokens)))
    assert token_opens(table, "new")
    assert token_opens(table, "token-a", NOW + 9)
    assert not token_opens(table, "token-a", NOW + 10)


def test_the_key_of_before_works_as_long_as_the_record_has_it(table: RoutingTable) -> None:
    replaced = routing_record("a", ingest_key_sha256=hash_secret("new"))
    both = msgspec.structs.replace(replaced, ingest_key_before_sha256=hash_secret("key-a"))
    table.on_event("MODIFIED", secret(both))
    assert [table.by_ingest_key(key) for key in ("key-a", "new")] == [both, both]
    table.on_event("MODIFIED", secret(replaced))
    assert [table.by_ingest_key(key) for key in ("key-a", "new")] == [None, replaced]


def test_a_token_and_a_key_that_left_the_record_are_dead(table: RoutingTable) -> None:
    table.on_event("MODIFIED", secret(routing_record("a", tokens=[], ingest_key_sha256=None)))
    assert not token_opens(table, "token-a")
    assert table.by_ingest_key("key-a") is None
    assert token_opens(table, "token-b")


@pytest.mark.parametrize("by_list", [True, False])
def test_a_deleted_record_opens_nothing(table: RoutingTable, by_list: bool) -> None:
    if by_list:
        table.on_list([secret(routing_record("b"))])
    else:
        table.on_event("DELETED", secret(routing_record("a")))
    assert ids(table) == {"b"}
    assert not token_opens(table, "token-a")


def test_a_bad_record_is_counted_and_the_others_go_on(table: RoutingTable) -> None:
    table.on_list([broken("c"), secret(routing_record("a")), secret(routing_record("d"))])
    assert ids(table) == {"a", "d"}
    assert table.unreadable == 1
    assert table.may_hold("c")
    assert table.may_hold(None)
    assert not table.may_hold("a")


def test_a_record_that_became_unreadable_keeps_its_last_state_until_it_is_mended(table: RoutingTable) -> None:
    table.on_event("MODIFIED", broken("a"))
    assert token_opens(table, "token-a")
    table.on_event("MODIFIED", secret(routing_record("a", tokens=[])))
    assert not token_opens(table, "token-a")
    assert table.unreadable == 0


def test_a_record_under_a_foreign_name_is_not_taken(table: RoutingTable) -> None:
    table.on_event("ADDED", Secret(SecretMeta("noctuary-z"), encode_record(routing_record("b", tokens=[]))))
    assert token_opens(table, "token-b")
    assert table.unreadable == 1


@pytest.mark.parametrize("change", ["ADDED", "DELETED"])
def test_who_holds_the_same_token_and_key_takes_nothing_from_whom_they_are_of(
    table: RoutingTable, change: ChangeType
) -> None:
    victim = routing_record("a")
    copied = {"tokens": victim.tokens, "ingest_key_sha256": victim.ingest_key_sha256, "created_at": NOW + 60}
    thief = secret(routing_record("c", **copied))
    for each in dict.fromkeys(("ADDED", change)):
        table.on_event(each, thief)
    found, bare, by_key = (
        table.by_token("token-a", NOW, "a"),
        table.by_token("token-a", NOW),
        table.by_ingest_key("key-a"),
    )
    assert [each[0].id for each in (found, bare) if each is not None] == ["a", "a"]
    assert by_key is not None
    assert by_key.id == "a"


def test_listeners_are_told_of_what_changed_and_of_nothing_else(table: RoutingTable) -> None:
    told: list[str] = []
    table.subscribe(told.append)
    table.on_list([secret(routing_record("a")), secret(routing_record("b", suspend=True))])
    table.on_event("ADDED", secret(routing_record("c")))
    table.on_event("MODIFIED", secret(routing_record("c")))
    table.on_event("DELETED", secret(routing_record("a")))
    assert told == ["b", "c", "a"]


def test_a_table_that_was_never_loaded_is_not_fresh() -> None:
    table = RoutingTable()
    assert not table.is_fresh(1e9)
    table.health.confirm()
    assert table.is_fresh(60)


@pytest.mark.parametrize(
    ("change", "data", "value"),
    [
        ("MODIFIED", {"token": "bmV3"}, "new"),
        ("MODIFIED", {}, None),
        ("MODIFIED", {"token": "/w=="}, None),
        ("DELETED", {"token": "czNjcmV0"}, None),
    ],
)
def test_the_internal_token_follows_its_secret(change: ChangeType, data: dict[str, str], value: str | None) -> None:
    token = OperatorToken()
    token.on_list([internal_secret({"token": "czNjcmV0"}), Secret(SecretMeta("another"), {"token": "eA=="})])
    assert token.value == "s3cret"
    token.on_event(change, internal_secret(data))
    assert token.value == value


def internal_secret(data: dict[str, str]) -> Secret:
    return Secret(SecretMeta("noctuary-internal"), data)
