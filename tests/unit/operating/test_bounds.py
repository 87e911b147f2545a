"""What a tenant can make many or big: seats, turns, specs, owners, values."""

import asyncio
from typing import Any

import msgspec
import pytest

from noctuary.models.integration_spec import MAX_SPEC_BYTES
from noctuary_operator.act.turns import Turns
from noctuary_operator.act.workqueue import WorkQueue
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.resources.integration import read_integration
from noctuary_operator.resources.objects import MAX_OWNERS, SecretHead
from noctuary_operator.watch.integrations import Integrations
from noctuary_operator.watch.seats import Seats


def seated(seats: Seats, *uids: str) -> list[str]:
    return [uid for uid in uids if seats.has(uid)]


def test_the_oldest_have_the_seats_and_among_those_of_one_second_the_first_by_name() -> None:
    seats = Seats(2)
    for uid, name, created_at in [("c", "z", 5.0), ("b", "y", 5.0), ("d", "a", 6.0), ("a", "x", 4.0)]:
        seats.put(uid, "team", name, created_at)
    assert seated(seats, "a", "b", "c", "d") == ["a", "b"]


@pytest.mark.parametrize(("gone", "next_in"), [("a", {"c"}), ("b", {"c"}), ("c", set()), ("d", set())])
def test_a_seat_that_becomes_free_is_given_to_the_next(gone: str, next_in: set[str]) -> None:
    seats = Seats(2)
    for created_at, uid in enumerate("abcd"):
        seats.put(uid, "team", uid, created_at)
    assert seats.drop(gone) == next_in
    assert all(seats.has(uid) for uid in next_in)


def test_one_that_is_older_takes_the_seat_of_the_youngest() -> None:
    seats = Seats(1)
    seats.put("young", "team", "young", 2.0)
    assert seats.put("old", "team", "old", 1.0) == {"young"}
    assert seated(seats, "young", "old") == ["old"]


def test_namespaces_have_seats_of_their_own() -> None:
    seats = Seats(1)
    seats.put("a", "one", "a", 1.0)
    seats.put("b", "two", "b", 2.0)
    assert seated(seats, "a", "b") == ["a", "b"]


def raw(uid: str, *, deleting: bool = False, version: int = 1, **spec: Any) -> dict[str, Any]:
    metadata = {
        "name": uid,
        "namespace": "team",
        "uid": uid,
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    gone = {"deletionTimestamp": "2026-01-02T00:00:00Z"} if deleting else {}
    return {"metadata": {**metadata, **gone}, "spec": {"direction": "outbound", **spec}}


def test_an_integration_that_waits_for_its_finalizers_has_no_seat_and_the_next_is_woken() -> None:
    known = Integrations(1)
    known.upsert(raw("a"))
    known.upsert(raw("b"))
    assert not known.seats.has("b")
    assert known.upsert(raw("a", deleting=True, version=2)) == {"a", "b"}
    assert known.seats.has("b")


def test_a_spec_beyond_the_seats_is_not_kept_and_read_once_there_is_one() -> None:
    known = Integrations(1)
    known.upsert(raw("a"))
    known.upsert(raw("b"))
    assert (found := known.get("b")) is not None
    assert (found.spec, found.is_bare) == (None, True)
    assert known.drop("a") == {"b"}
    assert known.upsert(raw("b")) == {"b"}
    assert (found := known.get("b")) is not None
    assert (found.spec is not None, found.is_bare) == (True, False)


def heavy(weight: int) -> dict[str, Any]:
    found = raw("a", displayName="")
    found["spec"]["displayName"] = "x" * (weight - len(msgspec.json.encode(found["spec"])))
    return found


def test_a_spec_over_its_weight_is_named_with_the_mend_and_not_kept() -> None:
    integration = read_integration(heavy(MAX_SPEC_BYTES + 1))
    assert (integration.spec, integration.spec_is_too_large) == (None, True)
    assert f"{MAX_SPEC_BYTES + 1} bytes" in str(integration.spec_error)
    assert "divide them among several integrations" in str(integration.spec_error)


def test_a_spec_of_just_its_weight_is_read() -> None:
    assert not read_integration(heavy(MAX_SPEC_BYTES)).spec_is_too_large


def test_of_a_secrets_metadata_nothing_is_kept_that_a_stranger_made_long() -> None:
    owners = [{"uid": "u" * 100_000, "kind": "Pod", "name": "a"}, *({"uid": str(n)} for n in range(1000))]
    metadata = {"name": "a", "annotations": {"a": "b" * 100_000}, "labels": {"a/b": "c"}, "ownerReferences": owners}
    head = msgspec.json.decode(msgspec.json.encode({"metadata": metadata}), type=SecretHead)
    assert len(head.metadata.owner_references) == MAX_OWNERS
    assert len(msgspec.json.encode(head)) < 2000


async def test_a_namespace_with_many_keys_waits_for_the_others() -> None:
    turns = Turns()
    for key in ("a1", "a2", "a3", "b1", "b2", "c1"):
        turns.put(key[0], key)
    assert [await turns.get() for _ in range(6)] == ["a1", "b1", "c1", "a2", "b2", "a3"]


async def test_whoever_changes_a_hundred_integrations_all_the_time_delays_others_by_one_turn() -> None:
    worked: list[str] = []
    done = asyncio.Event()

    async def work(key: str) -> None:
        worked.append(key)
        if key.startswith("hostile"):
            queue.add(key)  # changed again meanwhile
        if sum(each.startswith("quiet") for each in worked) == 3:
            done.set()
        await asyncio.sleep(0)

    queue = WorkQueue(work, 1, OperatorMetrics(), lambda key: key.partition("/")[0])
    for number in range(100):
        queue.add(f"hostile/{number}")
    for number in range(3):
        queue.add(f"quiet/{number}")
    running = asyncio.create_task(queue.run())
    await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [each.partition("/")[0] for each in worked[:6]] == ["hostile", "quiet"] * 3
