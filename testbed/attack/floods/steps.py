"""What the slowest note of a run waited for: each step from the webhook's first byte to the note, with its time."""

from testbed.attack.accounts import Accounts, AttackedAccount


def steps_of(accounts: Accounts, account: AttackedAccount, incident: str) -> str:
    """Tell when the webhook was answered and when each call about the incident came and was answered."""
    timing = account.timings[incident]
    began = timing.first_webhook_byte
    if began is None:
        return "no byte of its webhook was sent"
    tries = [attempt for webhook in account.ledger.of(incident) for attempt in webhook.attempts]
    told = [f"webhook answered {each.status or each.error} in {each.seconds:.2f} s" for each in tries]
    until = timing.notes_applied[0] if timing.notes_applied else float("inf")
    for call in accounts.spent:
        if f"/{incident}" in call.path and call.came <= until:
            end = "-" if call.answered is None else f"{call.answered - began:.2f}"
            told.append(f"{call.method} {call.path.rpartition('/')[2][:12]} {call.came - began:.2f}..{end}")
    return ", ".join(told)
