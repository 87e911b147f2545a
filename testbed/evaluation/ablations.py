"""What is taken away from a bundle to see what it was worth."""

import random
from collections.abc import Callable
from typing import Any

from testbed.evaluation.derive import numbers, retimed
from testbed.evaluation.recording.times import ONSET

Json = dict[str, Any]
LONG_AGO_S = 30 * 86_400.0
WINDOW_S = 2 * 3600.0
CHANGED = frozenset({"deploy", "scale_event", "config_change", "flag_change", "schema_change"})
REVISIONS = frozenset({"ReplicaSet", "ControllerRevision"})


def without_changes(bundle: Json) -> Json:
    """Nobody tells who changed what: no posted changes, no managed fields, and each revision is as old as the hills."""
    objects = [_unwritten(each) for each in bundle["objects"]]
    posted = [each for each in bundle["events"] if each["event_type"] not in CHANGED]
    return bundle | {"objects": objects, "events": posted}


def _unwritten(obj: Json) -> Json:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    if obj["kind"] not in REVISIONS | {"Deployment", "StatefulSet", "DaemonSet"}:
        return obj | {"metadata": metadata}
    aged: Json = retimed(obj | {"metadata": metadata}, lambda at: at - LONG_AGO_S)
    return aged


def without_live(bundle: Json) -> Json:
    """Nothing is read when the incident comes; `play` leaves the reader out."""
    return bundle


def without_logs(bundle: Json) -> Json:
    """No container's last lines, and no termination message."""
    return bundle | {"logs": {}, "objects": [_silent(each) for each in bundle["objects"]]}


def _silent(value: Any) -> Any:
    if isinstance(value, dict):
        ended = "exitCode" in value
        return {key: _silent(each) for key, each in value.items() if not (ended and key == "message")}
    return [_silent(each) for each in value] if isinstance(value, list) else value


def without_metrics(bundle: Json) -> Json:
    """No Prometheus is configured."""
    return bundle | {"metrics": []}


def without_topology(bundle: Json) -> Json:
    """Nobody says who calls whom, and no variable holds the address of a Service."""
    mapping = [{key: value for key, value in each.items() if key != "dependsOn"} for each in bundle["mapping"]]
    return bundle | {"mapping": mapping, "objects": [_unaddressed(each) for each in bundle["objects"]]}


def _unaddressed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unaddressed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unaddressed(each) for each in value if not _is_address(each)]
    return value


def _is_address(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value and "://" in str(value.get("value", ""))


def shuffled_times(bundle: Json) -> Json:
    """What happened within two hours before the alert happened at other times: each workload's by another shift."""
    chance = numbers(bundle["id"], -1)
    shifts: dict[str, float] = {}
    objects = [retimed(each, _shifted(_whose(each), shifts, chance)) for each in bundle["objects"]]
    return bundle | {"objects": objects}


def _whose(obj: Json) -> str:
    labels = obj["metadata"].get("labels") or {}
    about = (obj.get("involvedObject") or {}).get("name", obj["metadata"]["name"])
    return str(labels.get("app") or about)


def _shifted(whose: str, shifts: dict[str, float], chance: random.Random) -> Callable[[float], float]:
    shift = shifts.setdefault(whose, chance.uniform(0.0, WINDOW_S / 2))

    def move(at: float) -> float:
        return at - shift if ONSET - WINDOW_S < at < ONSET else at

    return move


ABLATIONS: dict[str, Callable[[Json], Json]] = {
    "changes": without_changes,
    "live": without_live,
    "logs": without_logs,
    "metrics": without_metrics,
    "topology": without_topology,
}
