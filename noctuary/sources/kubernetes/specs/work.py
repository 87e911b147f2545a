"""How much a check may compare: whoever may write in a namespace decides how much there is to compare."""

MAX_WORK = 500_000
"""Of one check in one namespace: 300 Services with 100 policies are compared whole, in 0.05 s of CPU, and a namespace
made to be slow takes a second or so, beside the event loop."""


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
