"""What other systems send, and PagerDuty itself in its older forms: a body and the headers it comes with, by kind."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_ALERT = {
    "labels": {"alertname": "HighErrors", "severity": "critical"},
    "annotations": {"summary": "Errors"},
    "startsAt": "2027-01-15T08:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example.com/graph",
}
_INCIDENT = {"id": "PT4KHLK", "incident_number": 1, "status": "triggered", "title": "Errors"}


class Sent(NamedTuple):
    """What is sent, with which headers, behind which path of the address."""

    body: Any
    headers: Mapping[str, str] = {}
    path: str = ""

    @property
    def raw(self) -> bytes:
        """Return the bytes of the body."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


PAYLOADS: Mapping[str, Sent] = {
    "pagerduty_v2": Sent(
        {"messages": [{"event": "incident.trigger", "id": "bb8b8fe0", "log_entries": [], "incident": _INCIDENT}]},
        {"user-agent": "PagerDuty-Webhook/V2.0", "x-webhook-id": "bb8b8fe0"},
    ),
    "pagerduty_v1": Sent(
        {"messages": [{"id": "bb8b8fe0", "type": "incident.trigger", "data": {"incident": _INCIDENT}}]},
        {"user-agent": "PagerDuty-Webhook/V1.0"},
    ),
    "events_api_v2": Sent(
        {"routing_key": "R" * 32, "event_action": "trigger", "payload": {"summary": "Errors", "severity": "critical"}}
    ),
    "events_api_v2 enqueued": Sent(
        {"routing_key": "R" * 32, "event_action": "resolve", "dedup_key": "k"}, path="/v2/enqueue"
    ),
    "events_api_v2 change": Sent(
        {"routing_key": "R" * 32, "payload": {"summary": "Deployed"}}, path="/v2/change/enqueue"
    ),
    "events_api_v1": Sent({"service_key": "S" * 32, "event_type": "trigger", "description": "Errors"}),
    "alertmanager": Sent(
        {"version": "4", "groupKey": "{}", "receiver": "noctuary", "status": "firing", "alerts": [_ALERT]},
        {"user-agent": "Alertmanager/0.28.0"},
    ),
    "alertmanager of Grafana": Sent({"receiver": "noctuary", "status": "firing", "orgId": 1, "alerts": [_ALERT]}),
    "prometheus": Sent([_ALERT], {"user-agent": "Prometheus/3.0.0"}, "/api/v2/alerts"),
    "prometheus remote write": Sent(
        b"\x82\x01\xff\xff", {"content-type": "application/x-protobuf", "content-encoding": "snappy"}, "/api/v1/write"
    ),
    "cloudevents": Sent(
        {"specversion": "1.0", "type": "com.example.deployed", "source": "/ci", "id": "1", "data": {}},
        {"content-type": "application/cloudevents+json"},
    ),
    "cloudevents binary": Sent({"image": "shop:2"}, {"ce-specversion": "1.0", "ce-type": "com.example", "ce-id": "1"}),
    "cloudevents batch": Sent([{"specversion": "1.0", "type": "com.example.deployed", "source": "/ci", "id": "1"}]),
}
"""By kind; behind a space what makes it another one of the kind."""
