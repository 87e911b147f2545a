"""The pull secrets that are missing: told by an Event of its own, which means nothing without that of the image."""

from noctuary.sources.kubernetes.words.event_parts import EventParts
from noctuary.sources.kubernetes.words.facts import pull_secrets
from noctuary.sources.kubernetes.words.warning_words import PULL_SECRET_REASON

_Key = tuple[str, str]


class PullSecrets:
    """Remembers what is missing for a pod as long as the Event exists that says so: one pod for each Event.

    An Event may be written anew to be about another pod, again and again.
    """

    def __init__(self) -> None:
        self._subjects: dict[_Key, _Key] = {}
        self._missing: dict[_Key, str] = {}

    def note(self, event: EventParts) -> None:
        """Remember what an Event says now, instead of what it said before."""
        if event.reason == PULL_SECRET_REASON:
            self.forget(event)
            self._subjects[_key(event)] = _subject(event)
            self._missing[_subject(event)] = pull_secrets(event.message)

    def of_subject(self, event: EventParts) -> str:
        """Return what is missing for the pod that an Event is about; an empty text where nothing is."""
        return self._missing.get(_subject(event), "")

    def forget(self, event: EventParts) -> None:
        """Forget what an Event said."""
        subject = self._subjects.pop(_key(event), None)
        if subject is not None:
            self._missing.pop(subject, None)

    def clear(self) -> None:
        """Forget all."""
        self._subjects.clear()
        self._missing.clear()

    def __len__(self) -> int:
        """Return how many pods lack any."""
        return len(self._missing)


def _key(event: EventParts) -> _Key:
    return event.metadata.namespace, event.metadata.uid


def _subject(event: EventParts) -> _Key:
    return event.metadata.namespace, event.involved_object.uid
