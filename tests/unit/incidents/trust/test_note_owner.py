"""Whose turn it is to write a note: a table of what each of two integrations has proven."""

from collections.abc import Iterable
from typing import Any

import pytest

from noctuary.common import clock
from noctuary.incidents.trust.note_owner import Claimant, Turn, Verdict, whose_turn
from noctuary.incidents.trust.proofs import Proofs, credential_of
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord, Scope, hash_secret
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.rows import IntegrationState
from testbed.scene import Scene

ACCOUNT = "shop.pagerduty.com"
SERVICE, TEAM, ALL = Scope("service", "P1"), Scope("team", "T1"), Scope()
REFUSED: dict[str, Any] = {"last_failure_status": 401, "last_failure_code": 2006, "last_failure_reason": "No"}


class Table:
    """Two integrations, `ours` of account scope, and what is stored of both."""

    def __init__(self, scene: Scene) -> None:
        scene.drop("one")
        self._scene = scene
        self.ours = scene.route("ours", api_token="ours")
        self.theirs = scene.route("theirs", api_token="theirs", scope=SERVICE)
        self.now = clock.now()
        self.row = IncidentRow(
            integration_id="ours",
            incident_id="Q1",
            account=ACCOUNT,
            service_id="P1",
            team_ids=["T1"],
            confirmed_at=self.now,
        )

    def change(self, integration_id: str, **changes: Any) -> None:
        """Change a record."""
        setattr(self, integration_id, self._scene.route(integration_id, **changes))

    def add(self, integration_id: str, scope: Scope) -> RoutingRecord:
        """Route one more."""
        return self._scene.route(integration_id, api_token=integration_id, scope=scope)

    async def knows(self, record: RoutingRecord, account: str = ACCOUNT, *, signed: bool = True, **more: Any) -> None:
        """Store what an integration has proven."""
        known: dict[str, Any] = {"account": account, "account_key": credential_of(record), **more}
        state = IntegrationState(id=record.id, **known)
        state.proven_token_sha256 = hash_secret(f"token-{record.id}") if signed else None
        await self._scene.store.commit(SaveIntegrationState(state))

    async def outranked(self) -> dict[str, str]:
        """Return who says that another one writes, before there is an incident."""
        proofs = Proofs(self._scene.store, self._scene.routing)
        await proofs.refresh()
        return proofs.outranked()

    async def verdict(
        self,
        note: NoteRow | None = None,
        confirmed_by: Iterable[str] = (),
        *,
        has_waited: bool = False,
        waited_s: float = 60.0,
    ) -> Verdict:
        """Decide for `ours`."""
        proofs = Proofs(self._scene.store, self._scene.routing)
        await proofs.refresh()
        now = self.now + (waited_s if has_waited else 0.0)
        claimant = Claimant(self.ours, self.row, {"ours", *confirmed_by}, now, 10.0)
        return whose_turn(claimant, note, proofs, self._scene.routing.get)


@pytest.fixture
async def table(scene: Scene) -> Table:
    made = Table(scene)
    await made.knows(made.ours)
    return made


def note(of: str, **changes: Any) -> NoteRow:
    return NoteRow(account=ACCOUNT, incident_id="Q1", integration_id=of, marker="m", text="t", **changes)


@pytest.mark.parametrize(
    ("change", "known", "turn"),
    [
        ({}, {}, Turn.WAIT),
        ({}, {"account": "another.pagerduty.com"}, Turn.OURS),
        ({}, {"account": ""}, Turn.OURS),
        ({}, {"signed": False}, Turn.OURS),
        ({}, {"last_failure_at": 1e12, **REFUSED}, Turn.OURS),
        ({"suspend": True}, {}, Turn.OURS),
        ({"direction": "inbound"}, {}, Turn.OURS),
        ({"api_token": None}, {}, Turn.OURS),
        ({"scope": Scope("service", "P2")}, {}, Turn.OURS),
        ({"scope": Scope("team", "T2")}, {}, Turn.OURS),
        ({"scope": TEAM}, {}, Turn.WAIT),
        ({"scope": ALL, "created_at": 1.0}, {}, Turn.WAIT),
        ({"scope": ALL, "created_at": 9e9}, {}, Turn.OURS),
    ],
)
async def test_only_a_proven_rival_that_ranks_before_us_is_waited_for(
    table: Table, change: dict[str, Any], known: dict[str, Any], turn: Turn
) -> None:
    table.change("theirs", **change)
    await table.knows(table.theirs, **known)
    assert (await table.verdict()).turn is turn


async def test_a_changed_token_proves_nothing_until_it_is_learnt_anew(table: Table) -> None:
    await table.knows(table.theirs)
    table.change("theirs", api_token="new")
    assert (await table.verdict()).turn is Turn.OURS


async def test_one_whose_own_token_read_the_incident_is_proven_without_a_webhook(table: Table) -> None:
    await table.knows(table.theirs, signed=False)
    assert [(await table.verdict(confirmed_by=by)).turn for by in ((), ("theirs",))] == [Turn.OURS, Turn.WAIT]


async def test_a_rival_that_never_writes_leaves_nobody_without_a_note(table: Table) -> None:
    await table.knows(table.theirs)
    assert (await table.verdict(has_waited=True)).turn is Turn.OURS


@pytest.mark.parametrize(
    ("others", "waits"),
    [
        (["service"], 1),
        (["refused"], 0),
        (["service", "service"], 2),
        (["refused", "service"], 2),
        (["refused", "team"], 2),
        (["unproven", "service"], 1),
        (["service"] * 9, 3),
    ],
)
async def test_each_of_those_before_us_has_its_time_before_ours_ends(
    table: Table, others: list[str], waits: int
) -> None:
    for number, kind in enumerate(others):
        scope, refused = TEAM if kind == "team" else SERVICE, {"last_failure_at": table.now, **REFUSED}
        record = table.add(f"other {number}", scope)
        await table.knows(record, signed=kind != "unproven", **(refused if kind == "refused" else {}))
    turns = [(await table.verdict(has_waited=True, waited_s=10.0 * n + 1)).turn for n in range(4)]
    assert turns == [Turn.WAIT] * waits + [Turn.OURS] * (4 - waits)


@pytest.mark.parametrize(
    ("writer", "standing", "age_s", "turn"),
    [
        ("theirs", {"note_id": "N"}, {}, Turn.THEIRS),
        ("theirs", {}, {"posting_since": 50.0}, Turn.THEIRS),
        ("theirs", {}, {"posting_since": 150.0}, Turn.OURS),
        ("theirs", {"posting_since": 0.001}, {}, Turn.OURS),
        ("gone", {"note_id": "N"}, {}, Turn.OURS),
        ("ours", {"note_id": "N"}, {}, Turn.OURS),
        ("theirs", {}, {}, Turn.OURS),
        ("theirs", {}, {"created_at": 5.0}, Turn.WAIT),
        ("theirs", {}, {"created_at": -86400.0}, Turn.OURS),
    ],
)
async def test_whoever_has_a_note_standing_keeps_it(
    table: Table, writer: str, standing: dict[str, Any], age_s: dict[str, float], turn: Turn
) -> None:
    await table.knows(table.theirs)
    times = {name: table.now + 60.0 - age for name, age in age_s.items()}
    assert (await table.verdict(note(writer, **standing, **times), has_waited=True)).turn is turn


@pytest.mark.parametrize("change", [{"direction": "inbound"}, {"api_token": None}, {"suspend": True}])
async def test_one_that_may_write_no_more_loses_its_note(table: Table, change: dict[str, Any]) -> None:
    table.change("theirs", **change)
    assert (await table.verdict(note("theirs", note_id="N"))).turn is Turn.OURS


async def test_a_suspended_one_keeps_the_note_that_it_is_posting(table: Table) -> None:
    table.change("theirs", suspend=True)
    assert (await table.verdict(note("theirs", posting_since=table.now))).turn is Turn.THEIRS


async def test_a_refused_token_loses_its_note_until_it_is_accepted(table: Table) -> None:
    now = clock.now()
    await table.knows(table.theirs, last_failure_at=now - 1, **REFUSED)
    assert (await table.verdict(note("theirs", note_id="N"))).turn is Turn.OURS
    await table.knows(table.theirs, compared_until=now)
    assert (await table.verdict(note("theirs", note_id="N"))).turn is Turn.THEIRS


async def test_what_was_never_sent_is_taken_over_by_a_first_rank_only(table: Table) -> None:
    table.change("theirs", scope=ALL, created_at=9e9)
    await table.knows(table.theirs)
    assert (await table.verdict(note("theirs"))).turn is Turn.OURS
    table.change("theirs", scope=ALL, created_at=1.0)
    assert (await table.verdict(note("theirs"))).turn is Turn.WAIT


@pytest.mark.parametrize("change", [{"scope": Scope("service", "P2")}, {"direction": "inbound"}, {"suspend": True}])
async def test_what_is_not_ours_to_write_is_left_alone(table: Table, change: dict[str, Any]) -> None:
    table.change("ours", **change)
    assert (await table.verdict()).turn is Turn.NOBODYS


async def test_an_incident_without_a_known_account_gets_no_note(table: Table) -> None:
    table.row.account = ""
    assert (await table.verdict()).turn is Turn.NOBODYS


async def test_one_that_is_refused_and_alone_keeps_its_note_waiting(table: Table) -> None:
    await table.knows(table.ours, last_failure_at=clock.now(), **REFUSED)
    assert (await table.verdict()).turn is Turn.OURS
    await table.knows(table.theirs)
    assert (await table.verdict()).turn is Turn.WAIT
    assert (await table.verdict(note("theirs"))).turn is Turn.THEIRS


@pytest.mark.parametrize(
    ("change", "known", "expected"),
    [
        ({"created_at": 1.0}, {}, {"ours": "theirs"}),
        ({"created_at": 9e9}, {}, {"theirs": "ours"}),
        ({"created_at": 1.0}, {"signed": False}, {}),
        ({"created_at": 9e9}, {"signed": False}, {"theirs": "ours"}),
        ({"created_at": 1.0}, {"account": "another.pagerduty.com"}, {}),
        ({"created_at": 1.0, "scope": SERVICE}, {}, {}),
        ({"created_at": 1.0, "suspend": True}, {}, {}),
        ({"created_at": 1.0, "direction": "inbound"}, {}, {}),
    ],
)
async def test_of_two_with_one_scope_it_is_known_before_an_incident_who_writes(
    table: Table, change: dict[str, Any], known: dict[str, Any], expected: dict[str, str]
) -> None:
    table.change("theirs", **{"scope": ALL, **change})
    await table.knows(table.theirs, **known)
    assert await table.outranked() == expected
