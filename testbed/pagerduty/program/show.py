"""Incidents and the ledger as text for a terminal."""

from typing import Any


def show_incident(shown: dict[str, Any]) -> str:
    """Return an incident with its notes, each note exactly as it stands."""
    incident, timing = shown["incident"], shown["timing"]
    lines = [
        f"{incident['summary']}  {incident['status']}",
        f"id {incident['id']}  service {incident['service']['summary']}  opened {incident['created_at']}",
        f"alerts {len(shown['alerts'])}  webhooks {len(shown['webhooks'])}  notes {len(shown['notes'])}",
    ]
    if timing["seconds_to_first_note"] is not None:
        lines.append(f"first note {timing['seconds_to_first_note']:.3f} s after the first webhook byte")
    for note in shown["notes"]:
        edited = "" if note["created_at"] == note["updated_at"] else f", edited {note['updated_at']}"
        lines += ["", f"--- note {note['id']} by {note['user']['summary']} at {note['created_at']}{edited}"]
        lines.append(note["content"])
    return "\n".join(lines)


def show_ledger(ledger: dict[str, Any]) -> str:
    """Return one line per webhook and the counts."""
    lines = [_webhook_line(webhook) for webhook in ledger["webhooks"]]
    lines.append("  ".join(f"{name} {count}" for name, count in ledger["summary"].items()))
    return "\n".join(lines)


def _webhook_line(webhook: dict[str, Any]) -> str:
    answers = " ".join(str(attempt["status"] or attempt["error"]) for attempt in webhook["attempts"])
    reason = f" ({webhook['reason']})" if webhook["reason"] else ""
    what = f"{webhook['event_type']} {webhook['resource_id']}"
    return f"{webhook['made_at']}  {what}  {webhook['outcome']}{reason}  [{answers}]"
