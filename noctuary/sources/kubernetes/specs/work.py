"""How much a check may compare: whoever may write in a namespace decides how much there is to compare."""

MAX_WORK = 100_000
"""Of one check in one namespace: comparisons of a few microseconds each; fifty services need a few thousand."""


class TooMuchWork(Exception):  # no fault of anybody: a check ends with what it has found
    """A check has compared as much as one may."""


class Work:
    """Counts down what a check compares."""

    def __init__(self, most: int = MAX_WORK) -> None:
        self._most = self._left = most

    def begin(self) -> None:
        """Give the next check all that one may compare."""
        self._left = self._most

    def spend(self, count: int) -> None:
        """Take some comparisons. Raises TooMuchWork where they are used up."""
        self._left -= count
        if self._left < 0:
            raise TooMuchWork
