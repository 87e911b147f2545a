"""JSON of the API server, decoded so that no object can keep others from being read."""

import re
from typing import Generic, TypeVar

import msgspec

from noctuary.common.errors import KubernetesUnavailable
from noctuary.kube.objects import ObjectMeta, Struct
from noctuary.kube.odd import ODD_OBJECTS

DEEPEST = 100
"""Values nested deeper are read as null where the decoder gives up: nothing that is read lies half as deep."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_OPENING, _CLOSING = b"[{", b"]}"

T = TypeVar("T")


class _Named(Struct):
    metadata: ObjectMeta


_NAMED = msgspec.json.Decoder(_Named)


class ListMeta(msgspec.Struct, rename="camel"):
    """The metadata of a list."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T] | None  # null where a list of metadata is empty
    metadata: ListMeta


class PageDecoder(Generic[T]):
    """Decodes pages of one kind: at once, and where that fails object by object."""

    def __init__(self, kind: type[T]) -> None:
        self._page: msgspec.json.Decoder[Page[T]] = msgspec.json.Decoder(Page[kind])  # type: ignore[valid-type]  # built for the given kind
        self._kind = kind

    def decode(self, answer: bytes) -> Page[T]:
        """Return a page without the objects that are not what their kind promises. Raises KubernetesUnavailable."""
        try:
            return self._page.decode(answer)
        except (msgspec.DecodeError, RecursionError):
            return self._one_by_one(answer)

    def _one_by_one(self, answer: bytes) -> Page[T]:
        try:
            page = decode(msgspec.json.Decoder(Page[msgspec.Raw]), answer)
            decoder = msgspec.json.Decoder(self._kind)
            found = [understand(decoder, raw) for raw in page.items or ()]
        except msgspec.DecodeError as error:
            raise KubernetesUnavailable(0, "BrokenList", "a list is not what its kind promises") from error
        return Page([obj for obj in found if obj is not None], page.metadata)


def decode(decoder: "msgspec.json.Decoder[T]", raw: bytes | msgspec.Raw) -> T:
    """Decode what may be nested deeper than the decoder follows. Raises msgspec.DecodeError."""
    try:
        return decoder.decode(raw)
    except RecursionError:
        return decoder.decode(shallow(bytes(raw)))


def understand(decoder: "msgspec.json.Decoder[T]", raw: bytes | msgspec.Raw) -> T | None:
    """Decode one object; None, said in the log once, when it is not what its kind promises.

    Raises msgspec.DecodeError for what has no metadata: that is no object of an API server.
    """
    try:
        return decode(decoder, raw)
    except msgspec.DecodeError as error:
        ODD_OBJECTS.leave_out(named(raw), error)
        return None


def named(raw: bytes | msgspec.Raw) -> ObjectMeta:
    """Return the metadata of any object. Raises msgspec.DecodeError."""
    return decode(_NAMED, raw).metadata


def shallow(raw: bytes) -> bytes:
    """Return JSON with null instead of all that is nested deeper than `DEEPEST`."""
    kept: list[bytes] = []
    depth = begin = 0
    for token in _TOKEN.finditer(raw):
        sign = token[0]
        if sign in _OPENING:
            depth += 1
            if depth == DEEPEST + 1:
                kept += (raw[begin : token.start()], b"null")
        elif sign in _CLOSING:
            depth -= 1
            if depth == DEEPEST:
                begin = token.end()
    return b"".join((*kept, raw[begin:]))
