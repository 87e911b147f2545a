"""Other names: the same for the same, for its parts and in sentences, and none for words of everybody."""

from typing import Any

import pytest

from noctuary_cli.capture.pseudonyms.names import chosen_parts
from noctuary_cli.capture.pseudonyms.renaming import Renaming

Json = dict[str, Any]
RENAMING = Renaming(b"a key", ["acme", "checkoutx", "x2x4z", "eu1"])


def test_a_part_has_one_name_wherever_it_stands() -> None:
    name = RENAMING.text("acme")
    assert RENAMING.text("acme-api.team-acme.svc") == f"{name}-api.team-{name}.svc"
    assert RENAMING.text("ACME_URL of Acme") == f"{name.upper()}_URL of {name.capitalize()}"
    assert RENAMING.text("acmes") == "acmes"


def test_different_parts_have_different_names_and_another_key_gives_others() -> None:
    names = [RENAMING.text(part) for part in ("acme", "checkoutx", "x2x4z", "eu1")]
    assert len({*names, "acme", "checkoutx", "x2x4z", "eu1"}) == 8
    assert Renaming(b"another key", ["checkoutx"]).text("checkoutx") != RENAMING.text("checkoutx")


def test_a_suffix_that_kubernetes_makes_stays_one() -> None:
    suffix = RENAMING.text("web-7d9f8b6c5-x2x4z").rpartition("-")[2]
    assert len(suffix) == 5
    assert set(suffix) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_ten_thousand_parts_have_as_many_names() -> None:
    parts = [f"part{number}" for number in range(10_000)]
    renaming = Renaming(b"a key", parts)
    assert len({renaming.text(part) for part in parts}) == 10_000


ADDRESSES = [
    ("10.1.2.3", True),
    ("10.1.2.3:8080", True),
    ("ip-10-1-2-3.internal", True),
    ("2001:db8::1", True),
    ("127.0.0.1", False),
    ("0.0.0.0:80", False),
    ("::1", False),
    ("14:02:11", False),
    ("2026-11-20T14:02:11Z", False),
    ("nginx:1.2.3", False),
    ("999.1.2.3", False),
]


@pytest.mark.parametrize(("text", "is_address"), ADDRESSES)
def test_addresses_are_others_and_times_and_versions_stay(text: str, is_address: bool) -> None:
    assert (RENAMING.text(text) != text) is is_address


def test_an_address_is_the_same_one_in_the_name_of_a_node() -> None:
    assert RENAMING.text("ip-10-1-2-3").removeprefix("ip-").replace("-", ".") == RENAMING.text("10.1.2.3")


def named(**more: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "acme-web", "namespace": "default"}, **more}


CHOSEN: list[tuple[Json, set[str]]] = [
    (named(), {"acme"}),
    (named(spec={"nodeName": "rack7.dc.bigco.com"}), {"acme", "rack7", "bigco"}),
    (named(spec={"containers": [{"image": "registry.bigco.com/shopx/web:7.1-rc9"}]}), {"acme", "bigco", "shopx"}),
    (
        named(spec={"containers": [{"env": [{"name": "BIGCO_URL", "value": "hash-0a1b2c3d"}]}]}),
        {"acme", "bigco"},
    ),
    (named(spec={"selector": {"bigco.io/owner": "alice"}}), {"acme", "bigco", "alice"}),
    (named(status={"reason": "Evicted", "message": "the node was low on memory"}), {"acme"}),
    (named(spec={"bigco": {"name": "bigco"}}), {"acme"}),
]


@pytest.mark.parametrize(("obj", "chosen"), CHOSEN)
def test_names_of_people_are_found_and_words_of_everybody_are_not(obj: Json, chosen: set[str]) -> None:
    assert chosen_parts([obj]) == chosen


def test_the_kind_of_a_custom_owner_is_a_name_too() -> None:
    owner = {"apiVersion": "db.bigco.com/v1", "kind": "BigcoBase", "name": "a"}
    obj = named()
    obj["metadata"]["ownerReferences"] = [owner]
    assert {"bigco", "bigcobase"} <= chosen_parts([obj])
