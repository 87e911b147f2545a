"""Misbehaviour on demand: which call or delivery goes wrong, how, and how often."""

import random
import re
from dataclasses import dataclass
from dataclasses import field as data_field
from enum import StrEnum
from typing import Any

from testbed.pagerduty.oddities import require_known, spoil


class Action(StrEnum):
    """What can go wrong; the first group happens to REST calls, the second to deliveries."""

    RATE_LIMIT = "rate-limit"
    SERVER_ERROR = "server-error"
    HANG = "hang"
    LOSE_REQUEST = "lose-request"
    LOSE_ANSWER = "lose-answer"
    HIDE_NOTE = "hide-note"
    ODD_ANSWER = "odd-answer"

    DUPLICATE = "duplicate"
    TWO_SIGNATURES = "two-signatures"
    REORDER_KEYS = "reorder-keys"
    ODD_WEBHOOK = "odd-webhook"


DELIVERY_ACTIONS = frozenset({Action.DUPLICATE, Action.TWO_SIGNATURES, Action.REORDER_KEYS, Action.ODD_WEBHOOK})


@dataclass
class Rule:
    """One kind of misbehaviour.

    `method` and `path` choose REST calls (`*` is one segment of the path, `**` any number), `event` chooses deliveries
    by event type. Of those chosen it strikes the `nth` (from 1), or every `every`-th, or each with `probability`;
    with none of the three each one; at most `times` times. `seconds` is how long a hang lasts, a note stays hidden or
    the rate limit is closed; `headers=False` sends the 429 without headers and body. An odd answer or webhook has the
    `oddity` in its `field`, a path such as `incidents.0.title`; where the field is not there it stays as it is.
    """

    action: Action
    method: str = "*"
    path: str = "**"
    event: str = "**"
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    seed: int = 0
    times: int | None = None
    seconds: float = 5.0
    status: int = 503
    headers: bool = True
    field: str = ""
    oddity: str = "null"
    seen: int = 0
    struck: int = 0
    _random: random.Random = data_field(init=False, repr=False)
    _path: re.Pattern[str] = data_field(init=False, repr=False)
    _event: re.Pattern[str] = data_field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.action = Action(self.action)
        require_known(self.oddity)
        self._random = random.Random(self.seed)
        self._path = _pattern(self.path, "/")
        self._event = _pattern(self.event, ".")

    def chooses_call(self, method: str, path: str) -> bool:
        """Say whether a REST call is one of those this rule counts."""
        if self.action in DELIVERY_ACTIONS:
            return False
        return self.method in ("*", method) and self._path.fullmatch(path) is not None

    def chooses_event(self, event_type: str) -> bool:
        """Say whether a delivery is one of those this rule counts."""
        return self.action in DELIVERY_ACTIONS and self._event.fullmatch(event_type) is not None

    def strikes(self) -> bool:
        """Count one chosen call and say whether it goes wrong."""
        self.seen += 1
        if self.times is not None and self.struck >= self.times:
            return False
        if not self._is_due():
            return False
        self.struck += 1
        return True

    def _is_due(self) -> bool:
        if self.nth is not None:
            return self.seen == self.nth
        if self.every is not None:
            return self.seen % self.every == 0
        if self.probability is not None:
            return self._random.random() < self.probability
        return True

    def spoiled(self, payload: Any) -> bytes | None:
        """Return a body with the oddity of this rule; None for one without its field."""
        try:
            return spoil(payload, self.field, self.oddity)
        except LookupError:
            return None

    def as_json(self) -> dict[str, Any]:
        """Return the rule with its counts, for people."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


def _pattern(glob: str, separator: str) -> re.Pattern[str]:
    one_segment = f"[^{re.escape(separator)}]*"
    parts = (part.replace(r"\*", one_segment) for part in re.escape(glob).split(r"\*\*"))
    return re.compile(".*".join(parts))


class Rules:
    """The rules in force; several may strike the same call."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, action: Action | str, **options: Any) -> Rule:
        """Add a rule; options are the fields of `Rule`. Raises ValueError or TypeError for what no rule knows."""
        rule = Rule(Action(action), **options)
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Behave again."""
        self._rules.clear()

    def all(self) -> list[Rule]:
        """Return the rules in force with their counts."""
        return list(self._rules)

    def for_call(self, method: str, path: str) -> dict[Action, Rule]:
        """Count a REST call with every rule that chooses it and return those that strike, by action."""
        chosen = [rule for rule in self._rules if rule.chooses_call(method, path)]
        return {rule.action: rule for rule in chosen if rule.strikes()}

    def for_event(self, event_type: str) -> dict[Action, Rule]:
        """Count a delivery with every rule that chooses it and return those that strike, by action."""
        chosen = [rule for rule in self._rules if rule.chooses_event(event_type)]
        return {rule.action: rule for rule in chosen if rule.strikes()}
