"""What was reported already of each object, so that the same state seen again makes no event."""

from collections.abc import Iterable
from itertools import islice

from noctuary.models.context_event import ContextEvent

MAX_OF_OBJECT = 100
"""The last events of one object that are remembered: whoever may write an Event may give it ever another reason."""
_Fingerprint = tuple[float, int, str | None]


class ReportedEvents:
    """Remembers the last fingerprint of every event by object uid."""

    def __init__(self) -> None:
        self._reported: dict[str, dict[str, _Fingerprint]] = {}

    def filter_new(self, uid: str, events: list[ContextEvent]) -> list[ContextEvent]:
        """Return the events that were not reported yet, or happened again since; remember all of them."""
        reported = self._reported.get(uid, {})
        new = [event for event in events if reported.get(event.dedup_key) != _fingerprint(event)]
        if new:
            self._remember(uid, events)
        return new

    def _remember(self, uid: str, events: list[ContextEvent]) -> None:
        told = {event.dedup_key: _fingerprint(event) for event in events}
        before = {key: known for key, known in self._reported.get(uid, {}).items() if key not in told}
        excess = max(0, len(before) + len(told) - MAX_OF_OBJECT)
        self._reported[uid] = dict(islice(before.items(), excess, None)) | told

    def forget(self, uid: str) -> None:
        """Forget an object that is gone."""
        self._reported.pop(uid, None)

    def forget_all_but(self, uids: Iterable[str]) -> None:
        """Forget all other objects."""
        for uid in self._reported.keys() - set(uids):
            del self._reported[uid]


def _fingerprint(event: ContextEvent) -> _Fingerprint:
    return event.last_seen, event.count, event.new_value
