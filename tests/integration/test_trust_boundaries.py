"""A tenant with exactly a tenant's rights tries what harms most against another tenant's incident, note and token."""

from pathlib import Path

import pytest

from testbed.attack.accounts import Accounts
from testbed.attack.matrix.moves import AFTER, Move, all_moves
from testbed.attack.matrix.pairs import BOGUS, SAME, Pair
from testbed.attack.matrix.run import run_matrix
from testbed.attack.place import open_place
from testbed.localkube import Cluster

FORGED = {"event_type": "incident.triggered", "when": "now", "service": "victim's", "host": "victim's"}
MOVES = [
    Move("webhook", "the attacker is first", said=FORGED | {"subject": "victim's incident"}),
    Move("webhook", "the victim's service in the attacker's incident", said=FORGED | {"subject": "own incident"}),
    Move(
        "webhook",
        "resolved in the year 9999",
        AFTER,
        FORGED | {"subject": "victim's incident", "event_type": "incident.resolved", "when": "year 9999"},
    ),
    *[move for move in all_moves() if move.kind in ("nothing", "secret", "event")],
]
PAIRS = [
    Pair(0, BOGUS, "victim's service", "account", ""),
    Pair(1, SAME, "own service", "service", ""),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
async def test_nothing_a_tenant_makes_has_an_effect_on_another(cluster: Cluster, tmp_path: Path, pair: Pair) -> None:
    async with Accounts() as accounts, open_place(cluster, accounts, tmp_path) as place:
        rows = [row async for row in run_matrix(place, accounts, [pair], MOVES)]
    assert [row.all_effects() for row in rows] == [[]]
