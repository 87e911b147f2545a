"""Four more bundles of each recorded one: under other names, at other times, with more going on beside it."""

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from testbed.evaluation.recording.shop import Names
from testbed.evaluation.recording.times import ONSET, STAMP

Json = dict[str, Any]
DERIVED = 4
ROLES = Names._fields[1:]
WORDS = (
    *("amber", "birch", "cobalt", "drift", "ember", "fjord", "garnet", "harbor", "indigo", "juniper", "krill", "lumen"),
    *(
        "mistral",
        "nimbus",
        "onyx",
        "prairie",
        "quarry",
        "raven",
        "saffron",
        "tundra",
        "umbra",
        "velvet",
        "willow",
        "zephyr",
    ),
)
ENDS = ("svc", "api", "hub", "core", "desk", "flow", "gate", "edge")
MAX_SHIFT_DAYS = 120
STRETCH = (0.85, 1.2)
"""How much longer or shorter everything before the alert lasted."""
BYSTANDERS = (1, 4)
"""How many more workloads there are that nothing maps, each made within the hours before the alert."""
LATEST_BYSTANDER_S, EARLIEST_BYSTANDER_S = 60.0, 2 * 3600.0


def versions(bundle: Json, noise: int = 1) -> Iterator[Json]:
    """Yield a recorded bundle and those that derive from it; `noise` multiplies what goes on beside the truth."""
    yield bundle if noise == 1 else crowded(bundle, numbers(bundle["id"], 0), noise)
    for number in range(1, DERIVED + 1):
        yield derived(bundle, number, noise)


def numbers(base: str, number: int) -> random.Random:
    """Return the random numbers of a derived bundle, the same on each machine."""
    return random.Random(hashlib.sha256(f"{base}#{number}".encode()).hexdigest())


def derived(bundle: Json, number: int, noise: int) -> Json:
    """Return one derived bundle."""
    chance = numbers(bundle["id"], number)
    made: Json = crowded(bundle, chance, noise)
    moved = chance.uniform(-MAX_SHIFT_DAYS, MAX_SHIFT_DAYS) * 86_400.0
    stretch = chance.uniform(*STRETCH)
    made = _renamed(made, chance)
    made = retimed(made, lambda at: ONSET + moved + (at - ONSET) * (stretch if at < ONSET else 1.0))
    return made | {"id": f"{bundle['id']}#{number}"}


def retimed(value: Any, move: Callable[[float], float]) -> Any:
    """Return a JSON value with all its times moved."""
    if isinstance(value, dict):
        if value.get("resultType") == "matrix":
            return value | {"result": [_remeasured(series, move) for series in value["result"]]}
        return {key: retimed(each, move) for key, each in value.items()}
    if isinstance(value, list):
        return [retimed(each, move) for each in value]
    return _moved(value, move) if isinstance(value, str) and STAMP.fullmatch(value) else value


def _remeasured(series: Json, move: Callable[[float], float]) -> Json:
    return series | {"values": [[move(at), told] for at, told in series["values"]]}


def _moved(stamp: str, move: Callable[[float], float]) -> str:
    at = move(datetime.fromisoformat(stamp).timestamp())
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if "." in stamp else "%Y-%m-%dT%H:%M:%SZ")


def _renamed(bundle: Json, chance: random.Random) -> Json:
    old = [each["name"] for each in bundle["mapping"]]
    old += sorted({space for each in bundle["mapping"] for space in each["namespaces"]})
    old += [each["metadata"]["name"] for each in bundle["objects"] if each["kind"] == "Node"]
    words = [f"{word}-{end}" for word in WORDS for end in ENDS]
    new = dict(zip(old, chance.sample(words, len(old)), strict=True))
    pattern = "|".join(re.escape(name) for name in sorted(new, key=len, reverse=True))
    found = re.compile(rf"(?<![A-Za-z0-9-])({pattern})(?![A-Za-z0-9])")
    kept = {"id": bundle["id"]}
    made: Json = json.loads(found.sub(lambda match: new[match[1]], json.dumps(bundle)))
    return made | kept


def crowded(bundle: Json, chance: random.Random, noise: int) -> Json:
    """Return a bundle with innocent bystanders: workloads that were made lately and that nobody maps or calls."""
    model = bundle["mapping"][ROLES.index("extra")]["name"]  # nobody calls it
    objects = [each for each in bundle["objects"] if _is_of(each, model)]
    made: list[Json] = []
    for index in range(chance.randint(*BYSTANDERS) * noise):
        name = f"{chance.choice(WORDS)}{index}-{chance.choice(ENDS)}"
        ago = chance.uniform(LATEST_BYSTANDER_S, EARLIEST_BYSTANDER_S)
        made += _copied(objects, model, name, ago)
    return bundle | {"objects": [*bundle["objects"], *made]}


def _is_of(obj: Json, name: str) -> bool:
    """Tell whether an object belongs to a workload: not its Events, which a copy would tell again."""
    return obj["kind"] != "Event" and (obj["metadata"].get("labels") or {}).get("app") == name


def _copied(objects: list[Json], model: str, name: str, ago: float) -> list[Json]:
    text = re.sub(rf"(?<![A-Za-z0-9-]){re.escape(model)}(?![A-Za-z0-9])", name, json.dumps(objects))
    for uid in sorted({each["metadata"]["uid"] for each in objects}):
        text = text.replace(uid, hashlib.md5(f"{uid}{name}".encode(), usedforsecurity=False).hexdigest())
    copies: list[Json] = json.loads(text)
    first = min(datetime.fromisoformat(each["metadata"]["creationTimestamp"]).timestamp() for each in copies)
    return retimed(copies, lambda at: min(ONSET, ONSET - ago + (at - first)))  # type: ignore[no-any-return]
