"""The summaries of templates, encoded, and remembered as long as neither template nor salt can be another."""

from collections.abc import Callable

import msgspec

from noctuary.kube.objects import ObjectMeta, PodTemplate
from noctuary.sources.kubernetes.rollouts.template import summarize

Summary = Callable[[ObjectMeta, PodTemplate, str], bytes]
"""Returns the encoded summary of the template of an object, by its metadata; the last argument is the salt."""


def encoded_summary(_metadata: ObjectMeta, template: PodTemplate, salt: str) -> bytes:
    """Return the summary of a template as revisions keep it."""
    return msgspec.json.encode(summarize(template, salt))


class Summaries:
    """Remembers them by object: most changes are of the status, and leave the generation as it was.

    An object that is adopted gets another salt, its new owner's uid, without a new generation.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, str, bytes]] = {}

    def of(self, metadata: ObjectMeta, template: PodTemplate, salt: str) -> bytes:
        """Return the encoded summary of an object's template."""
        known = self._known.get(metadata.uid)
        if known is not None and known[:2] == (metadata.generation, salt) and metadata.generation:
            return known[2]
        found = encoded_summary(metadata, template, salt)
        self._known[metadata.uid] = (metadata.generation, salt, found)
        return found

    def forget(self, uid: str) -> None:
        """Forget one that was deleted."""
        self._known.pop(uid, None)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
