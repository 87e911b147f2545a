"""Objects that cannot be understood: each is left out by itself, and said in the log once.

Whoever may write in one namespace decides what its objects hold: none of them may end what reads all of them.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import structlog

from noctuary.kube.objects import KubeObject

log = structlog.get_logger()

ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an object of unforeseen content raises; the errors of decoding are ValueErrors."""
MAX_NAMED = 1000
"""So many are remembered as named in the log already; the oldest is forgotten, and named again if it comes again."""

T = TypeVar("T", bound=KubeObject)
R = TypeVar("R")


class Named(Protocol):
    """What an object is called: its metadata, or a reference to it."""

    @property
    def namespace(self) -> str:
        """Return where it is."""

    @property
    def name(self) -> str:
        """Return its name there."""

    @property
    def uid(self) -> str:
        """Return what nobody but the API server gave it."""


class OddObjects:
    """Remembers which objects were left out, to name each in the log once however often it is listed."""

    def __init__(self) -> None:
        self._named: dict[str, None] = {}
        self.left_out = 0
        """How many different ones were left out."""

    def leave_out(self, named: Named, error: Exception) -> None:
        """Say that an object is left out; of the error only its kind and place, because its text quotes the object."""
        key = named.uid or f"{named.namespace}/{named.name}"
        if key in self._named:
            return
        if len(self._named) >= MAX_NAMED:
            del self._named[next(iter(self._named))]
        self._named[key] = None
        self.left_out += 1
        log.warning(
            "An object cannot be understood and is left out",
            uid=named.uid,
            namespace=named.namespace,
            name=named.name,
            error=type(error).__name__,
            place=_place_of(error),
            left_out=self.left_out,
        )


ODD_OBJECTS = OddObjects()
"""Shared by all that reads objects: what two watches and the live view cannot understand is said once."""


@contextmanager
def leaving_out(named: Named) -> Iterator[None]:
    """Leave an object out that cannot be understood."""
    try:
        yield
    except ODD as error:
        ODD_OBJECTS.leave_out(named, error)


def each_understood(objects: Iterable[T], read: Callable[[T], R]) -> Iterator[R]:
    """Yield what each object is read as, without those that cannot be understood."""
    for obj in objects:
        try:
            found = read(obj)
        except ODD as error:
            ODD_OBJECTS.leave_out(obj.metadata, error)
            continue
        yield found


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{frames[0].filename.rpartition('/')[2]}:{frames[0].lineno}" if frames else ""
