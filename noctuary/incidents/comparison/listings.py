"""Which lists of PagerDuty's show what the integrations of one token are there for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from noctuary.incidents.told.sightings import Sighting
from noctuary.models.routing_record import RoutingRecord

IDS_PER_LIST = 100
"""Services or teams that one list is asked for: the query stays below 3 KB."""
SPREAD_S = 3600.0
"""Who must go back further than the others has a list of its own: its months are not listed for all."""
ACCOUNT = ""
"""Stands for the whole account among the ids of services and teams."""

AHEAD_S = 60.0
"""PagerDuty's clock may be ahead of ours."""
OVERLAP_S = 600.0
"""Clocks differ and a list may lag: the last comparison's end is gone over once more."""
MAX_RANGE_S = 170 * 86400.0
"""The list takes six months at most."""
DOUBTED_S = 48 * 3600.0
"""PagerDuty gives up a webhook after 48 hours; what is older was missed before the clock was wrong, too."""


class Member(NamedTuple):
    """One integration to compare: from when on, and whether notes of ours may stand that the store does not know."""

    record: RoutingRecord
    since: float
    look_first: bool


class Listing(NamedTuple):
    """One list: its filters, and whose each id is; `since` is the earliest of all."""

    scope_type: str
    since: float
    members: dict[str, list[Member]]
    is_closed: bool = False

    @property
    def query(self) -> dict[str, list[str]]:
        """Return the list's filters."""
        return {} if self.scope_type == "account" else {f"{self.scope_type}_ids[]": list(self.members)}

    @property
    def ids(self) -> list[str]:
        """Return the ids of its integrations."""
        return [member.record.id for members in self.members.values() for member in members]

    @property
    def scopes(self) -> frozenset[tuple[str, str]]:
        """Return type and id of what it lists."""
        return frozenset((self.scope_type, each) for each in self.members)

    def within_scope(self, seen: Sighting) -> Iterator[Member]:
        """Yield the integrations within whose scope an incident is."""
        if self.scope_type == "account":
            yield from self.members[ACCOUNT]
        elif self.scope_type == "service":
            yield from self.members.get(seen.service_id, ())
        else:
            # A list of one team holds that team's alone, also where the answer names no teams.
            named = seen.team_ids or (list(self.members) if len(self.members) == 1 else [])
            for team_id in dict.fromkeys(named):
                yield from self.members.get(team_id, ())

    def halves(self) -> list["Listing"]:
        """Return two lists of half of its ids each; none when it has one."""
        ids = list(self.members)
        if len(ids) < 2:
            return []
        parts = (ids[: len(ids) // 2], ids[len(ids) // 2 :])
        return [self._replace(members={each: self.members[each] for each in part}) for part in parts]


def listings(members: Iterable[Member], apart: frozenset[tuple[str, str]] = frozenset()) -> list[Listing]:
    """Return the fewest lists that show everything; a scope that is `apart` (type and id) has one of its own."""
    scopes: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for member in members:
        scope = member.record.scope
        scopes[scope.type, scope.id or ACCOUNT].append(member)
    found: list[Listing] = []
    for (kind, each), its_members in sorted(scopes.items(), key=lambda item: (item[0][0], _since(item[1]), item[0][1])):
        since = _since(its_members)
        last = found[-1] if found else None
        if (kind, each) in apart or last is None or not _may_join(last, kind, since):
            found.append(Listing(kind, since, {each: its_members}, is_closed=(kind, each) in apart))
        else:
            last.members[each] = its_members
    return found


def _may_join(listing: Listing, kind: str, since: float) -> bool:
    is_open = listing.scope_type == kind and not listing.is_closed and len(listing.members) < IDS_PER_LIST
    return is_open and since <= listing.since + SPREAD_S


def _since(members: Sequence[Member]) -> float:
    return min(member.since for member in members)


def since_of(record: RoutingRecord, compared_until: float | None, asked_at: float) -> tuple[float, bool]:
    """Return from when on an integration is to be compared, and whether nobody knows what was done for it before.

    A comparison that is remembered for later than now was dated by a clock that was ahead: nobody knows when it was,
    so the time in which PagerDuty repeats webhooks is gone over.
    """
    earliest = max(record.created_at, asked_at - MAX_RANGE_S)
    is_doubted = compared_until is not None and compared_until > asked_at + AHEAD_S
    if compared_until is None:
        since = earliest
    elif is_doubted:
        since = max(earliest, asked_at - DOUBTED_S)
    else:
        since = max(earliest, min(compared_until, asked_at) - OVERLAP_S)
    return min(since, asked_at), compared_until is None or is_doubted
