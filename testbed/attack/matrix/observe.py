"""What a cell looks at: the victim's incident, note, token, URL, route and texts, against its undisturbed run."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from testbed.attack.matrix.sides import VICTIM, Sides
from testbed.pagerduty.account.model import Incident, Note
from testbed.stage.kube import condition

NETWORKING = "/apis/networking.k8s.io/v1"
TIMELY_S = 5.0
"""A note stands in 0.1 s; what an attacker makes wait shows as many seconds, whatever else this machine does."""
DIFFERS, LATE = "note: its text differs: ", "note: it came after "
SPARE_CALLS = 2
"""Edits that come together in one run and apart in another."""
_CHANGING = (
    (re.compile(r"ref nct:\w+"), "ref"),
    (re.compile(r"\b\d{2}:\d{2}(:\d{2})?\b"), "TIME"),
    (re.compile(r"\b\d+ (s|min|h|seconds|minutes)\b"), "SPAN"),
    (re.compile(r"\b\d+ events?\b"), "EVENTS"),
)


@dataclass(frozen=True)
class Seen:
    """One life of an incident of the victim's, as PagerDuty's books have it."""

    title: str
    notes: int
    author: str
    text: str
    seconds: float | None
    calls: Counter[tuple[str, str]]
    states_told: tuple[bool, bool]


def look(
    sides: Sides, incident: Incident, title: str, calls: Counter[tuple[str, str]], told: tuple[bool, bool]
) -> Seen:
    """Read the end of one life."""
    account = sides.victim.account
    notes = account.notes(incident.id) + incident.deleted_notes
    own = Counter[tuple[str, str]]()
    for (method, path), count in calls.items():
        if f"/{incident.id}" in path:
            own[(method, "/".join(path.split("/")[3:4]))] += count
    seconds = account.timings[incident.id].seconds_to_first_note
    author = notes[0].user.email if notes else ""
    return Seen(title, len(notes), author, plain(notes[0].content) if notes else "", seconds, own, told)


def plain(text: str) -> str:
    """Return a note without what differs between two undisturbed incidents."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text


def differences(sides: Sides, seen: Seen, calm: list[Seen]) -> list[str]:
    """Return what is not as in the undisturbed lives of the same victim."""
    if sides.pair.is_rival:
        return _rightful(sides, seen)
    found = []
    if seen.notes != 1:
        found.append(f"note: {seen.notes} notes instead of one")
    if seen.notes and seen.author != sides.victim.email:
        found.append("note: somebody else is its author")
    if seen.notes and seen.text not in {each.text for each in calm}:
        found.append(f"{DIFFERS}{_first_difference(seen.text, calm[0].text)}")
    if sides.attacker_canary in seen.text:
        found.append("note: it holds the attacker's words")
    slowest = max(each.seconds or 0.0 for each in calm)
    if seen.seconds is not None and seen.seconds > TIMELY_S + slowest:
        found.append(f"{LATE}{seen.seconds:.1f} s, undisturbed {slowest:.1f} s")
    if seen.notes and seen.states_told != (True, True):
        found.append(f"incident: told acknowledged, resolved: {seen.states_told}")
    return found + calls_beyond(seen, calm)


def are_soft(found: list[str]) -> bool:
    """Say whether all of it may come of a machine that is busy: such a cell is tried once more by itself."""
    return all(what.startswith(LATE) or (what.startswith(DIFFERS) and "ooked at:" in what) for what in found)


def _rightful(sides: Sides, seen: Seen) -> list[str]:
    """The attacker may write this note, as PagerDuty accepts its token there: still one, and in its own words."""
    found = [] if seen.notes == 1 else [f"note: {seen.notes} notes instead of one"]
    if seen.author != sides.victim.email and sides.canary in seen.text:
        found.append("context: the victim's words stand in the other's note")
    return found


def calls_beyond(seen: Seen, calm: list[Seen]) -> list[str]:
    """Name the calls with the victim's token that its undisturbed lives do not explain."""
    most = Counter[tuple[str, str]]()
    for each in calm:
        most |= each.calls
    found = [f"token: {' '.join(what)} was never called undisturbed" for what in seen.calls if what not in most]
    return found + [
        f"token: {count} x {' '.join(what)} instead of {most[what]}"
        for what, count in seen.calls.items()
        if what in most and count > most[what] + SPARE_CALLS
    ]


def _first_difference(text: str, other: str) -> str:
    lines, others = text.splitlines(), other.splitlines()
    extra = [line for line in lines if line not in others]
    missing = [line for line in others if line not in lines]
    return f"+{extra[0][:100]!r}" if extra else f"-{missing[0][:100]!r}" if missing else "order"


def strange_calls(sides: Sides, calls: Counter[tuple[str, str]]) -> list[str]:
    """Name the calls that spent the victim's token on what is not the victim's."""
    foreign = set(sides.invented) | (set() if sides.pair.shares_scope else set(sides.own_incidents))
    return [
        f"token: the victim's token was spent on {method} {re.sub('Q[A-Z0-9]+', '<incident>', path)}"
        for method, path in calls
        if any(f"/{key}" in path for key in foreign)
    ]


async def readable(sides: Sides) -> dict[str, str]:
    """Return everything that the attacker can read and did not write, by where it stands."""
    tenant = sides.attacker
    group = "/apis/noctuary.io/v1alpha1"
    resources = await tenant.kube.list(group, tenant.namespace, "pagerdutyintegrations")
    secrets = await tenant.kube.list("/api/v1", tenant.namespace, "secrets")
    events = await tenant.kube.list("/api/v1", tenant.namespace, "events")
    notes = [note for key in sides.own_incidents for note in tenant.account.notes(key)]
    return {
        "an answer": "\n".join(sides.answers),
        "status": "\n".join(str(each.get("status", {})) for each in resources),
        "Secrets": "\n".join(str(_without_own(each)) for each in secrets),
        "Events": "\n".join(str(each.get("message", "")) for each in events),
        "notes of its own incidents": "\n".join(note.content for note in notes if _is_theirs(sides, note)),
    }


def _is_theirs(sides: Sides, note: Note) -> bool:
    """Whether a note counts as what the attacker should not have got: a victim of its own account may write there."""
    return note.user.email == sides.attacker.email or not sides.pair.shares_scope


def _without_own(item: dict[str, Any]) -> dict[str, Any]:
    """Drop the fields that the attacker wrote itself."""
    metadata = item.get("metadata", {})
    if metadata.get("managedFields") and all(each.get("manager") == "a-user" for each in metadata["managedFields"]):
        return {}
    return {key: value for key, value in item.items() if key != "metadata"}


@dataclass(frozen=True)
class Standing:
    """What stands in the cluster for the victim."""

    conditions: tuple[tuple[str, str, str], ...]
    secret: tuple[tuple[str, str], ...]
    ingress: str


async def standing(sides: Sides) -> Standing:
    """Read the victim's conditions, webhook Secret and route."""
    tenant, place = sides.victim, sides.place
    resource = await tenant.kube.integration(tenant.namespace, VICTIM)
    kinds = ("Ready", "TokenReady", "RouteReady", "SubscriptionReady", "OutboundReady")
    conditions = [(kind, condition(resource, kind)) for kind in kinds]
    secret = await tenant.kube.read_secret(tenant.namespace, f"{VICTIM}-webhook") or {}
    key = tenant.keys[VICTIM].id
    routes = await place.kube.list(NETWORKING, place.release.namespace, "ingresses")
    owned = sorted(str(route["spec"]) for route in routes if key in str(route["spec"]))
    return Standing(
        tuple((kind, str(found.get("status")), str(found.get("reason"))) for kind, found in conditions),
        tuple(sorted(secret.items())),
        "\n".join(owned),
    )


def moved(before: Standing, after: Standing) -> list[str]:
    """Return what does not stand as it stood."""
    found = []
    if before.conditions != after.conditions:
        changed = [f"{b} became {a}" for b, a in zip(before.conditions, after.conditions, strict=True) if a != b]
        found.append(f"status: {'; '.join(changed)}")
    if before.secret != after.secret:
        found.append("URL: the victim's webhook Secret changed")
    if before.ingress != after.ingress:
        found.append("route: the routes to the victim's path changed")
    return found
