"""Who attacks whom: every kind of token and scope that a tenant can declare, against both kinds of victims."""

from dataclasses import dataclass
from itertools import product

OTHER, SAME, BOGUS, NONE = "other account's", "same account's", "bogus", "none"
TOKENS = (OTHER, SAME, BOGUS, NONE)
SCOPES = ("own service", "victim's service", "account")
VICTIM_SCOPES = ("service", "account")
SPELLINGS = ("", "/.", "/")
"""Appended to the API URL by the attacker: one endpoint, three spellings."""


@dataclass(frozen=True)
class Pair:
    """One attacker and one victim."""

    number: int
    token: str
    scope: str
    victim_scope: str
    spelling: str

    @property
    def title(self) -> str:
        """Name it in results."""
        return f"token {self.token}, scope {self.scope}, victim of {self.victim_scope} scope"

    @property
    def is_rival(self) -> bool:
        """Whether the attacker may write the note: PagerDuty accepts its token there, and its scope is narrower."""
        narrower = self.victim_scope == "account" and self.scope == "victim's service"
        return self.token is SAME and narrower

    @property
    def shares_scope(self) -> bool:
        """Whether the victim itself is told of incidents of the attacker's service."""
        return self.token is SAME and self.victim_scope == "account"


def all_pairs() -> list[Pair]:
    """Generate the pairs; the spellings take turns."""
    kinds = product(TOKENS, SCOPES, VICTIM_SCOPES)
    return [Pair(number, *kind, SPELLINGS[number % len(SPELLINGS)]) for number, kind in enumerate(kinds)]
