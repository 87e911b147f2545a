"""What a flooder knows: where the public port is, and the keys of the one integration that it owns."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import msgspec

from testbed.pagerduty.webhooks.signing import sign

JSON = "application/json"


@dataclass(frozen=True)
class Target:
    """The public port and the attacker's own keys, as it goes to the flooder's process."""

    host: str
    port: int
    path: str
    ingest_key: str
    signing_secret: str
    service_id: str
    seconds: float
    seed: int = 0

    def to_text(self) -> str:
        """Return it as one argument of a command."""
        return msgspec.json.encode(asdict(self)).decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        return cls(**msgspec.json.decode(text))

    def events_head(self, length: int) -> bytes:
        """Return the head of a POST of events."""
        return self._head("/v1/events", length, f"Authorization: Bearer {self.ingest_key}")

    def webhook(self, body: bytes, webhook_id: str) -> bytes:
        """Return a whole webhook, signed as the integration's owner can."""
        more = f"X-PagerDuty-Signature: {sign(body, self.signing_secret)}\r\nX-Webhook-Id: {webhook_id}"
        return self._head(self.path, len(body), more) + body

    def webhook_head(self, length: int) -> bytes:
        """Return the head of a webhook whose body is announced and comes as the sender likes."""
        return self._head(self.path, length, "X-PagerDuty-Signature: v1=00\r\nX-Webhook-Id: slow")

    def _head(self, path: str, length: int, more: str) -> bytes:
        first = f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\n"
        return f"{first}Content-Type: {JSON}\r\nContent-Length: {length}\r\n{more}\r\n\r\n".encode()


def incident_body(service_id: str, number: int, *, filler: int = 0, event_type: str = "incident.triggered") -> bytes:
    """Return a webhook of an incident that nobody ever opened; `filler` bytes make its title long."""
    incident: dict[str, Any] = {
        "id": f"QFORGED{number:08d}",
        "type": "incident",
        "html_url": f"https://forged.pagerduty.com/incidents/QFORGED{number:08d}",
        "number": number,
        "status": "triggered",
        "created_at": "2026-11-27T08:00:00Z",
        "title": f"forged {number} " + "x" * filler,
        "service": {"id": service_id, "type": "service_reference", "summary": "forged"},
    }
    envelope = {
        "id": f"01FORGED{number:012d}",
        "event_type": event_type,
        "resource_type": "incident",
        "occurred_at": "2026-11-27T08:00:00.000Z",
        "agent": None,
        "client": None,
        "data": incident,
    }
    return msgspec.json.encode({"event": envelope})
