"""The state window: an incident's own events are found in any flood, and what is cut is counted."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from noctuary.models.context_event import ContextEvent, EventType
from noctuary.store.queries import LONG_AGO, EventQuery
from noctuary.store.sqlite.events import subjects
from noctuary.store.sqlite.events import window as reading_window
from noctuary.store.sqlite.store import SqliteStore
from testbed.cluster_events import fault, kubernetes_event, rollout

NOW = 1_790_000_000.0
LABELS = {"app": "ledger", "tier": "back"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


def query(name: str = "ledger", labels: dict[str, str] | None = None, **changes: object) -> EventQuery:
    plain = EventQuery(["payments"], [name], NOW - 3600, NOW, NOW, 20, 10, workloads=[name], match_labels=labels or {})
    changed: EventQuery = msgspec.structs.replace(plain, **changes)
    return changed


def flood(count: int, workload: str = "noise", labels: dict[str, str] | None = None) -> list[ContextEvent]:
    return [
        fault(NOW - 1 - n / 1000, pod=n, workload=workload, labels=labels or {"app": workload}) for n in range(count)
    ]


def posted(
    entity: str, at: float, event_type: EventType = EventType.SATURATION, vendor: str = "postgres", ttl: int = 7200
) -> ContextEvent:
    plain = kubernetes_event("Pod", entity, event_type, at, {}, service="ledger")
    return msgspec.structs.replace(
        plain,
        source="api",
        entity=entity,
        object=None,
        dedup_key=f"{entity}/{event_type}/{at}",
        vendor=vendor,
        ttl_seconds=ttl,
    )


def posted_flood(at: float = NOW - 10, ttl: int = 7200) -> list[ContextEvent]:
    """Return 40 changes and 40 faults of as many things, which one vendor posts of the service."""
    return [
        posted(f"x{n}", at + n / 1000, kind, "loud", ttl)
        for n in range(40)
        for kind in (EventType.DEPLOY, EventType.SATURATION)
    ]


def workloads(events: list[ContextEvent]) -> set[str]:
    return {event.object.workload_name for event in events if event.object is not None}


async def test_a_flood_of_others_pushes_nothing_out(store: SqliteStore) -> None:
    own = [rollout(NOW - 900, workload="ledger", labels=LABELS), fault(NOW - 800, workload="ledger", labels=LABELS)]
    await store.add_events([*own, *flood(520)])
    window = await store.select(query("accounts", {"app": "ledger"}))
    assert [event.dedup_key for event in window.events] == [event.dedup_key for event in reversed(own)]
    assert (window.changes_cut, window.others_cut) == (0, 0)


async def test_a_flood_of_own_warnings_leaves_the_rollout_and_is_counted(store: SqliteStore) -> None:
    await store.add_events([rollout(NOW - 900, workload="ledger"), *flood(50, "ledger")])
    window = await store.select(query())
    assert [event.event_type for event in window.events].count(EventType.DEPLOY) == 1
    assert (len(window.events), window.changes_cut, window.others_cut) == (21, 0, 30)


async def test_a_flood_of_changes_leaves_the_warnings(store: SqliteStore) -> None:
    changes = [rollout(NOW - 10 - n, workload="ledger") for n in range(30)]
    await store.add_events([*changes, fault(NOW - 800, workload="ledger")])
    window = await store.select(query())
    assert (window.changes_cut, window.others_cut) == (20, 0)
    assert window.events[-1].event_type is EventType.RESTART


async def test_each_workload_and_each_reason_has_its_turn(store: SqliteStore) -> None:
    rare = fault(NOW - 900, "CreateContainerConfigError", workload="ledger", labels=LABELS)
    other = fault(NOW - 901, workload="ledger-worker", labels=LABELS)
    await store.add_events([*flood(400, "ledger", LABELS), rare, other])
    found = {event.dedup_key for event in (await store.select(query(labels=LABELS))).events}
    assert {rare.dedup_key, other.dedup_key} <= found


async def test_one_entity_that_others_report_again_and_again_leaves_room_for_the_rest(store: SqliteStore) -> None:
    await store.add_events([posted("orders", NOW - 1 - n / 1000) for n in range(300)])
    await store.add_events([posted("accounts", NOW - 900)])
    assert "accounts" in {event.entity for event in (await store.select(query())).events}


async def test_what_has_another_service_name_is_found_by_its_workload(store: SqliteStore) -> None:
    await store.add_events([rollout(NOW - 60, workload="prod-shop-web", service="shop-web")])
    assert workloads((await store.select(query("prod-shop-web"))).events) == {"prod-shop-web"}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"app": "ledger"}, True),
        (LABELS, True),
        ({"app": "ledge"}, False),
        ({"pp": "ledger"}, False),
        ({"app": "ledger", "tier": "front"}, False),
        ({"app": "ledger", "pod-template-hash": "h241"}, True),
    ],
)
async def test_labels_select_whole_names_and_values(store: SqliteStore, labels: dict[str, str], *, found: bool) -> None:
    await store.add_events([fault(NOW - 60, workload="ledger", labels=LABELS | {"pod-template-hash": "h241"})])
    assert bool((await store.select(query("accounts", labels))).events) is found


async def test_a_warning_that_returns_counts_up_and_stays_one(store: SqliteStore) -> None:
    first = fault(NOW - 600, workload="ledger")
    again = msgspec.structs.replace(first, last_seen=NOW - 5)
    assert await store.add_events([first, again]) == [True, False]
    assert [(event.count, event.last_seen) for event in (await store.select(query())).events] == [(2, NOW - 5)]


async def test_what_expired_is_in_no_window_and_its_subject_is_forgotten(store: SqliteStore) -> None:
    await store.add_events([fault(NOW - 600, workload="ledger")])
    later = NOW + 4 * 86_400
    await store.sweep(later, 200)
    left = await store._database.read(
        lambda c: c.execute("SELECT (SELECT count(*) FROM subjects) + (SELECT count(*) FROM sightings)").fetchone()
    )
    assert left == (0,)


@pytest.mark.parametrize("flood", [posted_flood(ttl=1), posted_flood(NOW + 200)], ids=["expired", "of the future"])
async def test_what_is_in_no_window_pushes_nothing_out(store: SqliteStore, flood: list[ContextEvent]) -> None:
    own = [posted("db", NOW - 200), posted("web", NOW - 300, EventType.DEPLOY)]
    await store.add_events([*own, *flood])
    window = await store.select(query())
    assert ({event.entity for event in window.events}, window.changes_cut, window.others_cut) == ({"db", "web"}, 0, 0)


async def test_what_expired_earlier_pushes_out_nothing_that_lasts_longer(store: SqliteStore) -> None:
    mount = fault(NOW - 2400, "FailedMount", workload="ledger", labels=LABELS)
    short = [
        msgspec.structs.replace(fault(NOW - 1500, workload=f"job-{n}", labels=LABELS), ttl_seconds=1200)
        for n in range(300)
    ]
    await store.add_events([mount, *short])
    window = await store.select(query(labels=LABELS))
    assert ([event.dedup_key for event in window.events], window.others_cut) == ([mount.dedup_key], 0)


async def test_subjects_beyond_the_limit_are_counted(store: SqliteStore) -> None:
    await store.add_events([fault(NOW - 1 - n, workload=f"job-{n}", labels=LABELS) for n in range(50)])
    window = await store.select(query(labels=LABELS))
    assert (len(window.events), window.others_cut) == (20, 30)


async def test_so_many_as_are_counted_are_told_and_that_there_were_more(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_window, "MAX_COUNTED", 30)
    changes = [rollout(NOW - 900 - n, workload=f"job-{n}", labels=LABELS) for n in range(30)]
    await store.add_events([*changes, *flood(31, "ledger")])
    found = await store.select(query(labels=LABELS))
    assert (found.changes_cut, found.more_changes) == (30 - 10, False)
    assert (found.others_cut, found.more_others) == (31 - 20, True)


async def steps_of(store: SqliteStore, asked: EventQuery) -> int:
    """Return how many hundreds of steps SQLite takes for a window."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def work(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(count, 100)
        reading_window.select(connection, asked, [])
        connection.set_progress_handler(None, 100)

    await store._database.read(work)
    return steps


async def test_a_window_costs_no_more_when_a_namespace_has_six_times_the_events(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_window, "MAX_COUNTED", 300)
    events = [fault(NOW - 1 - n / 1000, pod=n, workload=f"job-{n % 50}", labels=LABELS) for n in range(3_000)]
    await store.add_events(events[:500])
    few = await steps_of(store, query("any", LABELS))
    await store.add_events(events[500:])
    assert await steps_of(store, query("any", LABELS)) < 1.5 * few


async def plans_of(store: SqliteStore, asked: EventQuery) -> list[str]:
    """Return how SQLite finds the subjects that a window looks at, one line of each step."""
    plans = await store._database.read(
        lambda c: [
            c.execute(f"EXPLAIN QUERY PLAN {statement}", arguments).fetchall()
            for statement, arguments in subjects.parts(c, asked, "payments")
        ]
    )
    return [step for plan in plans for step in steps_within(plan, "MATERIALIZE seen") if "LIST SUBQUERY" not in step]


def steps_within(plan: list[tuple[int, int, int, str]], name: str) -> list[str]:
    """Return the steps that a step consists of."""
    whole = next(number for number, _, _, text in plan if text == name)
    return [text for _, parent, _, text in plan if parent == whole]


SEEN_SINCE = "last_event_at>?)"
POSTS = f"SEARCH subjects USING INDEX subjects_posts (tenant=? AND service_name=? AND {SEEN_SINCE}"
OBJECTS = f"SEARCH subjects USING INDEX subjects_objects (tenant=? AND service_name=? AND {SEEN_SINCE}"
WORKLOADS = f"SEARCH subjects USING INDEX subjects_workloads (tenant=? AND workload=? AND {SEEN_SINCE}"
WEARERS = f"SEARCH subjects USING INDEX subjects_labels (tenant=? AND labels=? AND {SEEN_SINCE}"


@pytest.mark.parametrize(
    ("asked", "plans"),
    [
        (query(labels={"app": "another"}), [OBJECTS, WORKLOADS, POSTS]),
        (query(labels=LABELS), [OBJECTS, WORKLOADS, WEARERS, POSTS]),
        (query(workloads=[]), [OBJECTS, POSTS]),
        (query(labels=LABELS, posts_of="platform"), [OBJECTS, WORKLOADS, WEARERS]),
        (query(tenants=["shops"], posts_of="payments"), [POSTS]),
    ],
    ids=["labels of none", "labels", "no workloads", "posts of another", "posts alone"],
)
async def test_what_a_window_is_about_is_searched_by_name_and_time_and_not_sorted(
    store: SqliteStore, asked: EventQuery, plans: list[str]
) -> None:
    await store.add_events([fault(NOW - 60, workload="ledger", labels=LABELS)])
    assert await plans_of(store, asked) == plans


def dressed(count: int) -> list[ContextEvent]:
    """Return events of as many workloads, each with a set of labels of its own."""
    return [
        fault(NOW - 60 - n, pod=n, workload=f"w{n}", labels={"app": f"a{n:03}", "tier": "web"}) for n in range(count)
    ]


@pytest.mark.parametrize("labels", [{"app": "a000"}, {"app": "a002"}, {"app": "a011"}, {"tier": "web"}], ids=str)
async def test_labels_are_found_however_many_sets_of_them_a_namespace_has(
    store: SqliteStore, labels: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.add_events(dressed(12))
    few = await store.select(query("any", labels))
    monkeypatch.setattr(subjects, "MAX_SETS", 3)
    assert (await store.select(query("any", labels))).events == few.events != []


async def test_a_window_by_labels_takes_fewer_steps_where_the_sets_beyond_some_are_read_in_a_row(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.add_events(dressed(1_000))
    searched = await steps_of(store, query("any", LABELS))
    monkeypatch.setattr(subjects, "MAX_SETS", 10)
    assert await steps_of(store, query("any", LABELS)) < searched / 2
    read = "SEARCH subjects USING INDEX subjects_labels (tenant=? AND labels>?)"
    assert read in await plans_of(store, query(labels=LABELS))


def posts_of_others(count: int) -> list[ContextEvent]:
    return [msgspec.structs.replace(posted(f"x{n}", NOW - 5), service_name="api") for n in range(count)]


def objects_of_others(count: int) -> list[ContextEvent]:
    return [fault(NOW - 5, pod=n, workload=f"noise-{n}", labels={"app": "noise"}) for n in range(count)]


@pytest.mark.parametrize("others", [objects_of_others(2_000), posts_of_others(2_000)], ids=["objects", "posts"])
async def test_a_window_costs_nothing_for_the_subjects_of_other_services(
    store: SqliteStore, others: list[ContextEvent]
) -> None:
    await store.add_events([fault(NOW - 60, workload="ledger", labels=LABELS), posted("orders", NOW - 90)])
    alone = await steps_of(store, query(labels=LABELS))
    await store.add_events(others)
    assert await steps_of(store, query(labels=LABELS)) <= alone + 2


async def test_a_flood_of_posts_leaves_half_to_the_cluster_and_is_counted(store: SqliteStore) -> None:
    changes = [rollout(NOW - 900 - n, workload="ledger") for n in range(6)]
    await store.add_events([*changes, *flood(15, "ledger"), *posted_flood()])
    window = await store.select(query())
    assert sum(event.object is not None for event in window.events) == 5 + 10
    assert (len(window.events), window.changes_cut, window.others_cut) == (30, 36, 35)
    assert (window.posted_changes_cut, window.posted_others_cut) == (35, 30)


async def test_what_the_cluster_leaves_is_for_posts_and_the_other_way_round(store: SqliteStore) -> None:
    own = [rollout(NOW - 900, workload="ledger"), fault(NOW - 900, workload="ledger")]
    await store.add_events([*own, *posted_flood()])
    assert len((await store.select(query())).events) == 30
    await store.add_events(flood(40, "ledger"))
    later = await store.select(query(since=NOW - 5))
    assert (len(later.events), later.others_cut, later.posted_others_cut) == (20, 20, 0)


async def test_of_the_posts_of_several_tenants_those_of_the_asked_one_count(store: SqliteStore) -> None:
    invented = [posted(f"x{n}", NOW - 10, EventType.DEPLOY, f"v{n}") for n in range(40)]
    await store.add_events([msgspec.structs.replace(each, tenant="evil") for each in invented])
    own, elsewhere = posted("orders", NOW - 900, EventType.DEPLOY), rollout(NOW - 800, workload="ledger")
    await store.add_events([msgspec.structs.replace(own, tenant="platform"), elsewhere])
    window = await store.select(query(tenants=["payments", "evil"], posts_of="platform"))
    assert [event.tenant for event in window.events] == ["payments", "platform"]
    assert window.changes_cut == 0


async def test_a_tenant_that_only_posts_shows_no_objects_of_its_namespace(store: SqliteStore) -> None:
    await store.add_events([rollout(NOW - 60, workload="ledger", labels=LABELS), posted("orders", NOW - 900)])
    window = await store.select(query(labels=LABELS, tenants=["shops"], posts_of="payments"))
    assert [event.entity for event in window.events] == ["orders"]


async def test_what_is_posted_of_another_service_is_not_found_by_the_name_of_the_thing(store: SqliteStore) -> None:
    about_another = [msgspec.structs.replace(posted("ledger", NOW - 10 - n), service_name="api") for n in range(40)]
    await store.add_events([*about_another, posted("orders", NOW - 900)])
    window = await store.select(query())
    assert ([event.entity for event in window.events], window.others_cut) == (["orders"], 0)


async def test_each_tenant_has_its_turn_whatever_one_of_them_makes_or_calls_itself(store: SqliteStore) -> None:
    made = [rollout(NOW - 10 - n, workload=f"ledger-{n}", labels=LABELS) for n in range(40)]
    invented = [posted(f"x{n}", NOW - 10 - n, EventType.DEPLOY, f"v{n}") for n in range(40)]
    await store.add_events([msgspec.structs.replace(each, tenant="evil") for each in [*made, *invented]])
    await store.add_events([posted("orders", NOW - 900, EventType.DEPLOY), rollout(NOW - 800, labels=LABELS)])
    window = await store.select(query(labels=LABELS, tenants=["payments", "evil"]))
    assert [event.tenant for event in window.events].count("evil") == 10 - 2
    assert (window.changes_cut, window.posted_changes_cut) == (82 - 10, 41 - 5)


async def test_each_vendor_has_its_turn_among_posts(store: SqliteStore) -> None:
    await store.add_events([posted("orders", NOW - 900), *posted_flood()])
    assert "orders" in {event.entity for event in (await store.select(query())).events}


async def test_ignored_reasons_are_neither_selected_nor_counted(store: SqliteStore) -> None:
    ignored = [fault(NOW - 1 - n, "PolicyViolation", workload="ledger", pod=n) for n in range(50)]
    await store.add_events([fault(NOW - 900, workload="ledger"), *ignored])
    window = await store.select(query(without_reasons=["PolicyViolation"]))
    assert ([event.last_seen for event in window.events], window.others_cut) == ([NOW - 900], 0)


@pytest.mark.parametrize(
    ("events", "at"),
    [
        ([], None),
        ([fault(NOW - 900), fault(NOW - 5, "PolicyViolation")], NOW - 900),
        ([fault(NOW - 5), fault(NOW - 900, "PolicyViolation")], NOW - 5),
        ([fault(NOW - 5, "PolicyViolation")], LONG_AGO),
    ],
)
async def test_the_last_event_is_none_with_an_ignored_reason(
    store: SqliteStore, events: list[ContextEvent], at: float | None
) -> None:
    await store.add_events(events)
    assert await store.last_event_at(["payments"], ["payments-api"], ["PolicyViolation"]) == at


async def test_a_last_event_that_is_known_by_its_time_only_is_still_told(store: SqliteStore) -> None:
    await store.add_events([fault(NOW - 3 * 86_400)])
    await store.sweep(NOW, 200)
    assert await store.last_event_at(["payments"], ["payments-api"], ["PolicyViolation"]) == NOW - 3 * 86_400


async def test_a_tenant_that_asks_for_many_windows_keeps_no_other_tenants_waiting(store: SqliteStore) -> None:
    answered: list[str] = []

    async def ask(tenant: str) -> None:
        await store.select(query(asked_by=tenant))
        answered.append(tenant)

    await asyncio.gather(*(ask("flooder") for _ in range(50)), ask("second"))
    assert answered.index("second") < 10  # those being read, a turn of the other, and what ends in the same moment
