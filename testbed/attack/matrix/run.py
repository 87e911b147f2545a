"""The cells of one pair, all at once, each with an incident of its own; and all pairs, some at a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from noctuary.common.errors import KubernetesError
from testbed.attack.accounts import Accounts
from testbed.attack.matrix import observe
from testbed.attack.matrix.deeds import Deeds
from testbed.attack.matrix.moves import AFTER, BEFORE, CONTROL, Move, all_moves
from testbed.attack.matrix.observe import Seen
from testbed.attack.matrix.pairs import Pair, all_pairs
from testbed.attack.matrix.sides import Sides, declare_attacker, leave, set_up
from testbed.attack.patience import wait
from testbed.attack.place import Place
from testbed.attack.table import Row
from testbed.pagerduty.account.model import Incident
from testbed.pagerduty.webhooks.receiver import ScriptedReceiver
from testbed.stage.secret_search import leaks

NAME = "matrix"
PAIRS_AT_ONCE = 4
CALM_LIVES = 3
NOTE_PATIENCE_S = 15.0
"""Longer than any wait that the product allows itself."""
EDIT_PATIENCE_S = 8.0
SINK_IN_S = 0.5
"""An attack that comes first has been worked before the victim hears of its incident."""
CELLS_AT_ONCE = 5
"""Of one pair: what is measured is the attack, not the crowd."""


class Stage:
    """Where the cells of all pairs are played: many at once, or one alone."""

    def __init__(self) -> None:
        self._room = PAIRS_AT_ONCE * CELLS_AT_ONCE
        self._places = asyncio.Semaphore(self._room)
        self._clearing = asyncio.Lock()

    @asynccontextmanager
    async def among_others(self) -> AsyncIterator[None]:
        """Play beside the cells of other pairs."""
        async with self._places:
            yield

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Play when all others have ended, and let none begin."""
        taken = 0
        async with self._clearing:
            try:
                while taken < self._room:
                    await self._places.acquire()
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._places.release()


@dataclass
class Cells:
    """What one pair's cells gave."""

    count: int = 0
    effects: list[str] = field(default_factory=list)


async def run_matrix(
    place: Place,
    accounts: Accounts,
    pairs: Sequence[Pair] = (),
    moves: Sequence[Move] = (),
) -> AsyncIterator[Row]:
    """Run every move of every pair; yield one row for each pair."""
    slots, stage = asyncio.Semaphore(PAIRS_AT_ONCE), Stage()
    async with ScriptedReceiver() as elsewhere:

        async def one(pair: Pair) -> Row:
            async with slots:
                cells = await run_pair(place, accounts, pair, list(moves or all_moves()), elsewhere, stage)
            return Row(f"{NAME} {pair.number:02d}", f"{cells.count} cells: {pair.title}", effects=cells.effects)

        for done in asyncio.as_completed([one(pair) for pair in pairs or all_pairs()]):
            yield await done


async def run_pair(
    place: Place, accounts: Accounts, pair: Pair, moves: list[Move], elsewhere: ScriptedReceiver, stage: Stage
) -> Cells:
    """Let the victim live undisturbed, then attack every cell, then look at what stands."""
    sides = await set_up(place, accounts, pair)
    deeds = Deeds(sides, accounts.url, elsewhere.url.removesuffix("/webhooks"))
    alone = [_live(sides, accounts, CONTROL, deeds) for _ in range(CALM_LIVES)]
    calm = list(await asyncio.gather(*alone))
    cells = Cells()
    if any(each.notes != 1 or sides.canary not in each.text for each in calm):
        cells.effects.append("the victim has no note of its own even undisturbed")
        return cells
    before = await observe.standing(sides)
    await declare_attacker(sides, accounts.url)
    cells.effects += await _rights(sides)
    await _attack(sides, accounts, moves, deeds, calm, cells, stage)
    cells.effects += await _aftermath(sides, accounts, before, elsewhere)
    await deeds.undo()
    await leave(sides)
    return cells


async def _attack(
    sides: Sides, accounts: Accounts, moves: list[Move], deeds: Deeds, calm: list[Seen], cells: Cells, stage: Stage
) -> None:
    """Play all cells against the undisturbed lives; what may be the machine's own is played once more, alone."""
    slots = asyncio.Semaphore(CELLS_AT_ONCE)

    async def cell(move: Move) -> tuple[Move, Seen]:
        async with slots, stage.among_others():
            return move, await _live(sides, accounts, move, deeds)

    lives = await asyncio.gather(*(cell(move) for move in moves))
    cells.count = len(lives)
    alone = calm + [seen for move, seen in lives if move is CONTROL]
    for move, seen in lives:
        found = observe.differences(sides, seen, alone)
        if found and observe.are_soft(found):
            async with stage.alone():
                found = observe.differences(sides, await _live(sides, accounts, move, deeds), alone)
        cells.effects += [f"{seen.title}: {what}" for what in found]


async def _live(sides: Sides, accounts: Accounts, move: Move, deeds: Deeds) -> Seen:
    """One cell: an incident of the victim's from its first webhook to its resolution, and the attacker's move."""
    account = sides.victim.account
    incident = account.trigger(sides.service, f"{sides.canary} page", deliver=False)
    if move.moment == BEFORE:
        await deeds.do(move, incident)
        await asyncio.sleep(SINK_IN_S)
    account.tell(incident)
    await wait(lambda: bool(account.notes(incident.id)), NOTE_PATIENCE_S)
    if move.moment == AFTER:
        await deeds.do(move, incident)
        await asyncio.sleep(SINK_IN_S)
    account.acknowledge(incident.id)
    acknowledged = await wait(lambda: "Acknowledged" in _note(sides, incident), EDIT_PATIENCE_S)
    account.resolve(incident.id)
    resolved = await wait(lambda: _note(sides, incident).startswith("Resolved"), EDIT_PATIENCE_S)
    calls = accounts.calls_of(sides.victim.api_token)
    return observe.look(sides, incident, move.title, calls, (acknowledged, resolved))


def _note(sides: Sides, incident: Incident) -> str:
    notes = sides.victim.account.notes(incident.id)
    return notes[0].content if notes else ""


async def _aftermath(
    sides: Sides, accounts: Accounts, before: observe.Standing, elsewhere: ScriptedReceiver
) -> list[str]:
    """Look at what the cells left: calls, what the attacker can read, the victim's URL, route and status."""
    found = observe.strange_calls(sides, accounts.calls_of(sides.victim.api_token))
    found += [f"context: {what}" for what in leaks(sides.secrets(), await observe.readable(sides))]
    sent = "".join(str(each.headers) for each in elsewhere.received)
    found += [f"token: a host that is not allowed was called {len(elsewhere.received)} times"] if sent else []
    after = await observe.standing(sides)
    found += observe.moved(before, after) if not sides.pair.is_rival else _told(before, after)
    return found + await _url_answers(sides)


def _told(before: observe.Standing, after: observe.Standing) -> list[str]:
    """A victim whose notes another team rightfully writes is told so in its status."""
    return ["status: the displaced team is not told"] if before.conditions == after.conditions else []


async def _url_answers(sides: Sides) -> list[str]:
    account = sides.victim.account
    hooks = [account.ping(key) for key in account.courier.subscriptions if _is_victims(sides, key)]
    await wait(lambda: all(hook.outcome != "pending" for hook in hooks), NOTE_PATIENCE_S)
    refused = [hook for hook in hooks if hook.outcome != "accepted"]
    return ["URL: the victim's webhooks are not taken"] if refused or not hooks else []


def _is_victims(sides: Sides, key: str) -> bool:
    path = next(iter(sides.victim.keys.values())).path
    return sides.victim.account.subscription(key).url.endswith(path)


async def _rights(sides: Sides) -> list[str]:
    """Prove that the attacker's Role is what it says: none of this is allowed."""
    mine, theirs, release = sides.attacker, sides.victim.namespace, sides.place.release.namespace
    group = "/apis/noctuary.io/v1alpha1"
    tries = [
        ("GET", f"/api/v1/namespaces/{theirs}/secrets"),
        ("GET", f"{group}/namespaces/{theirs}/pagerdutyintegrations"),
        ("GET", f"/api/v1/namespaces/{release}/secrets"),
        ("GET", f"/apis/networking.k8s.io/v1/namespaces/{release}/ingresses"),
        ("PATCH", f"/api/v1/namespaces/{theirs}"),
        ("PATCH", f"/api/v1/namespaces/{mine.namespace}"),
    ]
    return [f"rights: {method} {path} is allowed" for method, path in tries if await _is_allowed(sides, method, path)]


async def _is_allowed(sides: Sides, method: str, path: str) -> bool:
    change = {"metadata": {"annotations": {"noctuary.io/allow-from": "*"}}}
    try:
        return await sides.attacker.may(method, path, change if method == "PATCH" else None)
    except KubernetesError:
        return False
