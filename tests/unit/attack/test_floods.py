"""What a flood's figures are of: the second tenant's notes, the machine's own pauses, and the steps of one note."""

import pytest

from testbed.attack.accounts import Accounts, Spent
from testbed.attack.floods.bystander import NOTE_PATIENCE_S, p99
from testbed.attack.floods.reference import LONGEST_PAUSE_S, Pauses, watch_machine
from testbed.attack.floods.steps import steps_of
from testbed.pagerduty.webhooks.ledger import Attempt
from testbed.polling import until


def test_all_but_one_in_a_hundred_stay_below_the_figure() -> None:
    assert p99([float(number) for number in range(200)]) == 198.0
    assert p99([]) == NOTE_PATIENCE_S


@pytest.mark.parametrize(("longest_s", "spoil"), [(LONGEST_PAUSE_S, False), (LONGEST_PAUSE_S + 0.01, True)])
def test_a_long_pause_of_the_machine_spoils_a_run(longest_s: float, spoil: bool) -> None:
    assert Pauses([0.001, longest_s, 0.001]).spoil is spoil


async def test_the_bare_program_is_asked_all_the_time() -> None:
    async with watch_machine() as pauses:
        await until("it answered", lambda: len(pauses.seconds) >= 3)
    assert pauses.longest_s > 0


async def test_the_steps_of_a_note_are_told_from_its_first_byte() -> None:
    async with Accounts() as accounts:
        account = accounts.add("second")
        incident = account.trigger(account.add_service("shop"), "Page")
        timing = account.timings[incident.id]
        timing.first_webhook_byte, timing.notes_applied = 100.0, [100.5]
        webhook = account.ledger.webhook("w", "s", account.ledger.events[-1], account.clock.now())
        webhook.attempts.append(Attempt("", 0.02, status=202))
        accounts.spent = [
            Spent("t", "GET", f"/incidents/{incident.id}/alerts", 100.1, 100.2),
            Spent("t", "POST", f"/incidents/{incident.id}/notes", 100.4),
            Spent("t", "PUT", f"/incidents/{incident.id}/notes/N", 101.0),
        ]
        told = steps_of(accounts, account, incident.id)
    assert told == "webhook answered 202 in 0.02 s, GET alerts 0.10..0.20, POST notes 0.40..-"


async def test_pagerduty_can_forget_what_was() -> None:
    async with Accounts() as accounts:
        account = accounts.add("second")
        incident = account.trigger(account.add_service("shop"), "Page")
        account.account.forget_incidents()
        assert account.account.incident(incident.id) is None
        assert account.account.incident(str(incident.number)) is None
