"""What the writer remembers of subjects and services, so that most events need no word to the database about theirs."""

import sqlite3

DATED_EVERY_S = 1.0
"""A subject or service that was seen again is dated anew once a second has passed: a flood costs one write a second of
each. Whoever asks when one was last seen allows for it."""
MAX_KEPT = 20_000
"""Of each; about 10 MB. Beyond it all are forgotten and found again."""


class Remembered:
    """Ids and times as they are stored, for the one thread that writes; used between `begin` and `end` only.

    They hold for as long as the database bears the number that was last given to it: a transaction that is undone
    takes the number back, and whatever deletes a subject or a service gives another (by a trigger).
    """

    def __init__(self) -> None:
        self.subjects: dict[tuple[str, ...], tuple[int, float]] = {}
        self.services: dict[tuple[str, str], float] = {}
        self.has_changed = False
        self._number: int | None = None

    def begin(self, connection: sqlite3.Connection) -> None:
        """Forget all that may hold no more."""
        number: int = connection.execute("SELECT number FROM names").fetchone()[0]
        if number != self._number:
            self.subjects.clear()
            self.services.clear()
        for kept in (self.subjects, self.services):
            if len(kept) > MAX_KEPT:
                kept.clear()
        self.has_changed = False
        self._number = None  # until the end: what is remembered of work that failed half-way is forgotten

    def end(self, connection: sqlite3.Connection) -> None:
        """Let what is remembered now hold; what it knows of this transaction's own changes was remembered, too."""
        if self.has_changed:
            connection.execute("UPDATE names SET number = random()")
        self._number = connection.execute("SELECT number FROM names").fetchone()[0]
