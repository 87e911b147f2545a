"""Whoever hides a value remembers it, so that no message repeats it; whoever shows a name makes it known."""

import re
from collections.abc import Iterable

from noctuary.common.values_policy import is_secret_like, keyed_hash, showable
from noctuary_cli.capture.redaction.forms import is_plain_segment, parts_of

HASH = "hash-"
"""What a hidden value begins with: it stays a label's value and a name."""
HASH_CHARS = 20
"""Enough to tell the values of one capture apart."""
MIN_HIDDEN_CHARS = 4
"""Shorter values are in every sentence."""
MIN_PLAIN_HIDDEN_CHARS = 6
"""Of what stands behind a name that is not secret-like."""
_BETWEEN = re.compile(r"[\s'\"=:@/,;&?]+")


class Hiding:
    """Shows what may be shown and hides the rest behind keyed hashes; remembers both."""

    def __init__(self, key: bytes, secret_names: Iterable[str] = ()) -> None:
        self._key = key
        self._secret_names = tuple(secret_names)
        self.hidden: set[str] = set()
        self.known: set[str] = set()

    def know(self, name: str) -> str:
        """Return a name that is shown, and remember its parts: a message may say them."""
        self.known.update(parts_of(name))
        return name

    def shown(self, name: str, value: str) -> str:
        """Return the value of a variable, a flag or a parameter where it may be shown, else its hash."""
        return value if showable(name, value, self._secret_names) else self.hash(value, is_secret=self.is_secret(name))

    def is_secret(self, name: str) -> bool:
        """Tell whether a name is secret-like."""
        return is_secret_like(name, self._secret_names)

    def hash(self, value: str, *, is_secret: bool = True) -> str:
        """Return the hash of a value, and remember what of the value no message may repeat."""
        self._remember(value, is_secret=is_secret)
        return HASH + keyed_hash(self._key, value)[:HASH_CHARS]

    def path(self, path: str) -> str:
        """Return a path without its query, and without segments that are no words."""
        shown = path.partition("?")[0].partition("#")[0]
        self._remember(path[len(shown) :], is_secret=True)
        segments = shown.split("/")
        return "/".join(each if not each or is_plain_segment(each) else self.hash(each) for each in segments)

    def _remember(self, value: str, *, is_secret: bool) -> None:
        least = MIN_HIDDEN_CHARS if is_secret else MIN_PLAIN_HIDDEN_CHARS
        found = {value.strip(), *_BETWEEN.split(value)}
        self.hidden.update(each for each in found if len(each) >= least and (is_secret or not each.isalpha()))
