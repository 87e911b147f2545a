"""What a scenario says besides the cluster: the alert, the mapping, what other systems posted, and metrics."""

import math
import random
from collections.abc import Callable
from typing import Any

from testbed.evaluation.recording.shop import CALLS, Names
from testbed.evaluation.recording.times import ONSET, written

Json = dict[str, Any]
Shape = Callable[[float], float]
STEP_S = 30.0
BEFORE_S = 3600.0


class Telling:
    """Collects it; roles are attributes that hold the names of this shop."""

    def __init__(self, names: Names, numbers: random.Random) -> None:
        self.random = numbers
        self.ns, self.front, self.api, self.pay, self.db, self.cache, self.worker, self.side, self.extra = names
        self.incident: Json = {}
        self.posted: list[Json] = []
        self.metrics: list[Json] = []
        called = {
            getattr(names, role): [getattr(names, each) for each in CALLS.get(role, ())] for role in names._fields[1:]
        }
        self.mapping: list[Json] = [self._mapped(name, calls) for name, calls in called.items()]

    def _mapped(self, name: str, calls: list[str]) -> Json:
        known = {"name": name, "pagerDutyServiceID": f"P{name.upper().replace('-', '')[:12]}", "namespaces": [self.ns]}
        return known | ({"dependsOn": calls} if calls else {})

    def one_for_all(self) -> None:
        """Have one PagerDuty service stand for all workloads: only the alert's labels tell which it is about."""
        for each in self.mapping:
            each["pagerDutyServiceID"] = "PALLALERTS"

    def page(self, name: str, title: str, *, began: float | None = None, **labels: str) -> None:
        """Say what the incident of a workload is: its title, and the labels of its alert."""
        mapped = next(each for each in self.mapping if each["name"] == name)["pagerDutyServiceID"]
        details: Json = {"namespace": self.ns, **labels}
        if began is not None:
            firing = [{"labels": details, "startsAt": written(began), "annotations": {"summary": title}}]
            details = {"firing": firing, "num_firing": "1"}
        alert: Json = {"id": "A1", "status": "triggered", "summary": title, "created_at": written(0)}
        alert["body"] = {"type": "alert_body", "details": details}
        service = {"id": mapped, "name": "all alerts" if mapped == "PALLALERTS" else name}
        self.incident = {"service": service, "title": title, "triggered_at": written(0), "alerts": [alert]}

    def post(self, name: str, at: float, kind: str, vendor: str, entity: str, **more: str) -> None:
        """Have another system tell of a change or a fault."""
        told = {"service_name": name, "vendor": vendor, "entity": entity, "event_type": kind, "confidence": 1.0}
        self.posted.append({**told, "ttl_seconds": 86_400, "timestamp": written(at), **more})

    def measure(self, metric: str, name: str, shape: Shape, noise: float = 0.05, **labels: str) -> None:
        """Record a series of a workload from an hour before the alert on; `shape` is by seconds after the alert."""
        values = []
        for step in range(int(BEFORE_S / STEP_S) + 2):
            at = step * STEP_S - BEFORE_S
            value = max(0.0, shape(at) * self.random.gauss(1.0, noise))
            values.append([ONSET + at, f"{value:.5g}"])
        told = {"__name__": metric, "namespace": self.ns, "deployment": name, **labels}
        self.metrics.append(
            {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": told, "values": values}]}}
        )

    def red(self, name: str, *, errors: Shape, seconds: Shape, rate: Shape) -> None:
        """Record a workload's requests: errors and requests a second, seconds at the 99th percentile."""
        self.measure("http_request_errors:rate1m", name, errors, 0.15)
        self.measure("http_request_duration_seconds:p99", name, seconds)
        self.measure("http_requests:rate1m", name, rate)


def steady(level: float) -> Shape:
    """Return a level."""
    return lambda _: level


def step(low: float, high: float, at: float, until: float = math.inf) -> Shape:
    """Return a level that jumps."""
    return lambda when: high if at <= when < until else low


def ramp(low: float, high: float, begin: float, end: float = 0.0) -> Shape:
    """Return a level that grows from one time to another."""
    return lambda when: low + (high - low) * min(1.0, max(0.0, (when - begin) / (end - begin)))
