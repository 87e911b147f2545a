"""What was told already of each object, so that the same state seen again is no news."""

from collections.abc import Iterable

from noctuary.models.context_event import ContextEvent

_Fingerprint = tuple[float, int, str | None]


class Memory:
    """Remembers the last fingerprint of every event by object uid."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, _Fingerprint]] = {}

    def news(self, uid: str, events: list[ContextEvent]) -> list[ContextEvent]:
        """Return the events that were not told yet, or happened again since; remember all of them."""
        told = self._told.get(uid, {})
        fresh = [event for event in events if told.get(event.dedup_key) != _fingerprint(event)]
        if fresh:
            self._told.setdefault(uid, {}).update({event.dedup_key: _fingerprint(event) for event in fresh})
        return fresh

    def forget(self, uid: str) -> None:
        """Forget an object that is gone."""
        self._told.pop(uid, None)

    def keep_only(self, uids: Iterable[str]) -> None:
        """Forget all other objects."""
        for uid in self._told.keys() - set(uids):
            del self._told[uid]


def _fingerprint(event: ContextEvent) -> _Fingerprint:
    return event.last_seen, event.count, event.new_value
