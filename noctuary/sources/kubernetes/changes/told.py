"""A change of a watched object, told as an event."""

import hashlib

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.reaching.reach import OF_OBJECTS, Reach
from noctuary.sources.kubernetes.changes.facts import differences
from noctuary.sources.kubernetes.changes.states import ObjectState
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.rollouts.ownership import Tool

CHANGED, CREATED, DELETED = "changed", "created", "deleted"
DIGITS = 8
"""Of what stands for a whole state: enough to see that a change was taken back."""


class ObjectChange(msgspec.Struct, frozen=True):
    """One change of an object; `before` None: it was created, `after` None: deleted."""

    ref: ObjectRef
    at: float
    before: ObjectState | None = None
    after: ObjectState | None = None
    reach: Reach = Reach()
    actor: str = ""
    tool: Tool = Tool()
    version: str = ""
    """Its version, where no writer dates the change."""

    @property
    def fate(self) -> str:
        """What became of the object."""
        return CREATED if self.before is None else DELETED if self.after is None else CHANGED

    def event(self) -> ContextEvent:
        """Return it as an event, whose key is the same when it is found once more."""
        words = differences(self.before.facts, self.after.facts) if self.before and self.after else ""
        when = self.version or f"{self.at:.0f}"
        return draft(
            self.ref,
            OF_OBJECTS,
            EventType.CONFIG_CHANGE,
            key=f"{self.fate}/{hashlib.blake2s(words.encode(), digest_size=8).hexdigest()}/{when}",
            at=self.at,
            old_value=_digest(self.before),
            new_value=_digest(self.after),
            confidence=0.95,
            actor=self.actor,
            extra={
                details.FATE: self.fate,
                details.CHANGED: words,
                details.REACH: self.reach.encoded(),
                **self.tool.extra(),
            },
        )


def _digest(state: ObjectState | None) -> str:
    """Return what is the same for the same facts; a word where there is no object."""
    if state is None:
        return "none"
    facts = msgspec.json.encode(state.facts, order="sorted")
    return hashlib.blake2s(facts).hexdigest()[:DIGITS]
