"""One token is compared once for all its integrations: how often it is asked, whom it serves, whose fault is whose."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from noctuary.incidents.comparison.listings import IDS_PER_LIST, SPREAD_S, Listing, Member, listings, since_of
from noctuary.incidents.comparison.schedule import NEVER, Schedule
from noctuary.incidents.told.sightings import Sighting
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.store.changes import SaveCompared, SaveIntegrationState
from noctuary.store.rows import IntegrationState
from testbed.scene import Scene

NOW = 1_800_000_000.0
DAY_S = 86_400.0


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def record(name: str, kind: str = "service", scope: str | None = "S", **changes: Any) -> RoutingRecord:
    made = RoutingRecord(name, "n", name, 0.0, 1, "outbound", "https://x.example", api_token="t")
    return msgspec.structs.replace(made, scope=Scope(kind, scope), **changes)


def member(name: str, kind: str = "service", scope: str | None = "S", since: float = NOW) -> Member:
    return Member(record(name, kind, scope), since, look_first=False)


def sighting(service: str = "S", teams: list[str] | None = None) -> Sighting:
    return Sighting("Q", NOW, "triggered", is_exact=False, service_id=service, team_ids=teams or [])


def names(listing: Listing, seen: Sighting) -> list[str]:
    return [each.record.id for each in listing.within_scope(seen)]


@pytest.mark.parametrize(("services", "lists"), [(1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_list_is_asked_for_a_hundred_services(services: int, lists: int) -> None:
    made = listings(member(f"i{n}", scope=f"S{n}") for n in range(services))
    assert len(made) == lists
    assert max(len(each.query["service_ids[]"]) for each in made) <= IDS_PER_LIST


def test_integrations_of_one_service_share_its_place() -> None:
    [made] = listings(member(f"i{n}") for n in range(1000))
    assert made.query == {"service_ids[]": ["S"]}
    assert len(names(made, sighting())) == 1000


def test_teams_and_the_account_have_lists_of_their_own() -> None:
    made = listings([member("s"), member("t", "team", "T"), member("u", "team", "U"), member("a", "account", None)])
    assert [each.query for each in made] == [{}, {"service_ids[]": ["S"]}, {"team_ids[]": ["T", "U"]}]
    assert [names(each, sighting("S", ["U"])) for each in made] == [["a"], ["s"], ["u"]]


@pytest.mark.parametrize(("teams", "found"), [([], ["t"]), (["T"], ["t"]), (["other"], [])])
def test_a_list_of_one_team_is_that_teams_also_where_none_is_named(teams: list[str], found: list[str]) -> None:
    [made] = listings([member("t", "team", "T")])
    assert names(made, sighting(teams=teams)) == found


def test_who_must_go_back_months_has_a_list_of_its_own() -> None:
    made = listings(
        [member("late", scope="L", since=NOW - SPREAD_S - 1), *(member(f"i{n}", scope=f"S{n}") for n in range(99))]
    )
    assert [(each.since, len(each.members)) for each in made] == [(NOW - SPREAD_S - 1, 1), (NOW, 99)]


@pytest.mark.parametrize(
    ("compared_until", "since"),
    [
        (None, (NOW - 100 * DAY_S, True)),
        (NOW - 300, (NOW - 900, False)),
        (NOW + 30, (NOW - 600, False)),
        (NOW + 3 * DAY_S, (NOW - 2 * DAY_S, True)),
        (NOW - 365 * DAY_S, (NOW - 100 * DAY_S, False)),
    ],
)
def test_what_is_remembered_is_bounded_by_now(compared_until: float | None, since: tuple[float, bool]) -> None:
    assert since_of(record("i", created_at=NOW - 100 * DAY_S), compared_until, NOW) == since


def test_an_integration_of_a_clock_that_was_ahead_is_compared_from_now() -> None:
    assert since_of(record("i", created_at=NOW + DAY_S), None, NOW) == (NOW, True)


def test_a_round_has_all_of_a_token_and_what_changes_is_compared_alone() -> None:
    schedule = Schedule()
    for name in ("a", "b", "c"):
        schedule.put(name, record(name), 0.0)
    [key] = schedule.due(0.0)
    assert schedule.take(key, 0.0, 300.0) == ["a", "b", "c"]
    schedule.end(key)
    schedule.put("b", record("b", lookback_s=1), 10.0)
    assert (list(schedule.due(9.0)), schedule.next_at()) == ([], 10.0)
    [key] = schedule.due(10.0)
    assert schedule.take(key, 10.0, 310.0) == ["b"]
    schedule.end(key)
    assert (list(schedule.due(299.0)), list(schedule.due(300.0))) == ([], [key])


def test_what_comes_due_while_a_token_is_compared_follows() -> None:
    schedule = Schedule()
    schedule.put("a", record("a"), 0.0)
    [key] = schedule.due(0.0)
    schedule.take(key, 0.0, 300.0)
    schedule.request("a", 1.0)
    assert list(schedule.due(2.0)) == []
    schedule.end(key)
    assert list(schedule.due(2.0)) == [key]


@pytest.mark.parametrize("changes", [{"suspend": True}, {"api_token": None}, None])
def test_who_may_not_be_compared_is_forgotten(changes: dict[str, Any] | None) -> None:
    schedule = Schedule()
    schedule.put("a", record("a"), 0.0)
    schedule.put("a", record("a", **changes) if changes is not None else None, 0.0)
    assert (list(schedule.due(1.0)), schedule.next_at()) == ([], NEVER)


def many(scene: Scene, count: int, **changes: Any) -> list[str]:
    """Load so many integrations of one token, each of a service that exists."""
    services = [scene.pd.add_service(f"api-{n}") for n in range(count)]
    for number, service in enumerate(services):
        scene.route(f"i{number}", scope=Scope("service", service), **changes)
    return services


async def compared(scene: Scene, count: int, since: float = 0.0, of: int | None = None) -> bool:
    states = await scene.store.integration_states([f"i{n}" for n in range(of or count)])
    return sum((each.compared_until or 0.0) > since for each in states.values()) == count


async def test_a_token_is_asked_twice_for_each_hundred_of_its_integrations(scene: Scene) -> None:
    many(scene, 250)
    scene.route("one", suspend=True)
    scene.start()
    await scene.until(lambda: compared(scene, 250))
    await scene.until(lambda: _lists(scene)["/services"])
    assert _lists(scene) == {"/incidents": 6, "/services": 1}  # the account is asked for once
    first = time.time()
    scene.backfill("i7")
    await scene.until(lambda: _lists(scene)["/incidents"] > 7)
    assert _lists(scene)["/incidents"] == 8
    assert not await compared(scene, 250, first)


def _lists(scene: Scene) -> Counter[str]:
    return Counter(call.path for call in scene.pd.calls)


async def test_every_integration_gets_what_its_scope_holds_since_it_exists(scene: Scene) -> None:
    services = many(scene, 3, direction="inbound")
    scene.route("one", direction="inbound")
    scene.route("i2", created_at=time.time() - 30)
    made = [scene.pd.trigger(service, "Errors", at=ago(60), deliver=False).id for service in services]
    scene.start()
    await scene.until(lambda: compared(scene, 3))
    for number in range(2):
        assert await scene.store.open_incident_ids([f"i{number}"]) == [(f"i{number}", made[number])]
    assert await scene.store.open_incident_ids(["i2"]) == []


async def test_a_refused_scope_is_found_out_and_the_others_are_compared(scene: Scene) -> None:
    many(scene, 8)
    scene.route("one", suspend=True)
    scene.pd.rules.add("server-error", method="GET", path="/incidents", status=403, nth=1)
    scene.start()
    await scene.until(lambda: compared(scene, 8))
    assert (await scene.store.integration_states(["i0"]))["i0"].last_failure_at is None


async def test_a_refused_token_is_told_once_to_each_of_its_integrations(scene: Scene) -> None:
    many(scene, 250, api_token="nonsense")
    scene.route("one", suspend=True)
    pipeline = scene.start()
    await scene.until(lambda: failed(scene, 250))
    assert _lists(scene)["/incidents"] == 1
    before = (await scene.store.integration_states_since(0))[-1].seq
    scene.backfill("i7")
    await scene.until(lambda: _lists(scene)["/incidents"] > 1)
    await scene.until(lambda: not pipeline.backfiller._schedule._running)
    assert (await scene.store.integration_states_since(0))[-1].seq == before


async def failed(scene: Scene, count: int) -> bool:
    return len([each for each in await scene.store.integration_states_since(0) if each.last_failure_at]) == count


async def test_an_address_that_cannot_be_sent_stops_no_comparison(scene: Scene) -> None:
    many(scene, 3)
    scene.route("one", suspend=True)
    scene.route("i0", from_email="jürgen@example.com")
    scene.start()
    await scene.until(lambda: compared(scene, 3))


async def test_an_incident_that_cannot_be_taken_over_is_its_own_integrations_failure(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = many(scene, 3)
    scene.route("one", suspend=True)
    made = [scene.pd.trigger(service, "Errors", at=ago(60), deliver=False).id for service in services]
    pipeline = scene.start()
    update = pipeline.updater.update

    async def fail(record: RoutingRecord, *rest: Any, **options: Any) -> bool:
        if record.id == "i1":
            raise ZeroDivisionError
        return await update(record, *rest, **options)

    monkeypatch.setattr(pipeline.updater, "update", fail)
    await scene.until(lambda: scene.text(made[0]) and scene.text(made[2]))
    await scene.until(lambda: failed(scene, 1))
    states = await scene.store.integration_states(["i0", "i1", "i2"])
    assert [states[name].compared_until is None for name in ("i0", "i1", "i2")] == [False, True, False]


async def test_what_was_compared_is_kept_where_the_budget_ends(scene: Scene) -> None:
    many(scene, 250)
    scene.route("one", suspend=True)
    scene.pd.rules.add("rate-limit", method="GET", path="/incidents", nth=3, seconds=600)
    scene.start()
    await scene.until(lambda: compared(scene, 50, of=250))


async def test_a_comparison_is_one_commit_and_changes_no_number(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, written = scene.store.commit, []

    async def counted(*changes: Any) -> None:
        written.append(changes)
        await commit(*changes)

    monkeypatch.setattr(scene.store, "commit", counted)
    many(scene, 250)
    scene.route("one", suspend=True)
    scene.start()
    await scene.until(lambda: compared(scene, 250))
    await scene.until(lambda: _accounts(scene, 250))
    before = (await scene.store.integration_states_since(0))[-1].seq
    again = time.time()
    for number in range(250):
        scene.backfill(f"i{number}")
    await scene.until(lambda: compared(scene, 250, again))
    told = [[type(change) for change in changes] for changes in written]
    assert [kinds for kinds in told if SaveCompared in kinds] == [[SaveCompared]] * 2
    assert (await scene.store.integration_states_since(0))[-1].seq == before


async def _accounts(scene: Scene, count: int) -> bool:
    states = await scene.store.integration_states([f"i{n}" for n in range(count)])
    return sum(bool(each.account) for each in states.values()) == count


async def test_a_success_that_ends_a_refusal_counts_as_a_change(scene: Scene) -> None:
    await scene.store.commit(
        SaveIntegrationState(IntegrationState(id="i", last_failure_at=NOW, last_failure_status=401))
    )
    [before] = await scene.store.integration_states_since(0)
    await scene.store.commit(SaveCompared(["i"], NOW + 1))
    [after] = await scene.store.integration_states_since(before.seq)
    assert (after.id, after.compared_until) == ("i", NOW + 1)


async def test_a_comparison_of_a_clock_that_was_ahead_hides_nothing(scene: Scene) -> None:
    await scene.store.commit(SaveCompared(["one"], time.time() + 3 * DAY_S))
    scene.route(created_at=time.time() - DAY_S)
    missed = scene.pd.trigger(scene.service, "Missed", at=ago(7200), deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(missed.id))
    assert ((await scene.state()).compared_until or 0.0) < time.time() + 1


async def test_a_known_incident_costs_no_update(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.route(direction="inbound")
    incidents = [scene.pd.trigger(scene.service, f"I{n}", at=ago(60), deliver=False) for n in range(12)]
    pipeline = scene.start()
    await scene.until(lambda: _again(scene, 0.0))
    assert len(await scene.store.open_incident_ids(["one"])) == len(incidents)
    again, updated = time.time(), []
    monkeypatch.setattr(pipeline.updater, "update", lambda *told, **_: updated.append(told))
    scene.backfill()
    await scene.until(lambda: _again(scene, again))
    assert updated == []


async def _again(scene: Scene, since: float) -> bool:
    state = await scene.store.integration_state("one")
    return state is not None and (state.compared_until or 0.0) > since
