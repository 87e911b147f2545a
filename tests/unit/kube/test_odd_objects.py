"""One object that cannot be understood is left out by itself, and named in the log once."""

import msgspec
import pytest
import structlog

from noctuary.common.errors import KubernetesUnavailable
from noctuary.kube.decoding import DEEPEST, PageDecoder, decode, shallow, understand
from noctuary.kube.objects import KubeObject, ObjectMeta, Struct
from noctuary.kube.odd import MAX_NAMED, OddObjects

GOOD = b'{"metadata":{"name":"good","uid":"1"},"size":3}'
WRONG = b'{"metadata":{"name":"odd","uid":"2"},"size":"three"}'
DEEP = b'{"metadata":{"name":"deep","uid":"3"},"size":1,"data":%s1%s}' % (b'{"a":' * 5000, b"}" * 5000)


class Sized(KubeObject):
    """An object with a size."""

    size: int = 0


class Anything(Struct):
    """Any JSON."""

    data: object = None


def page(*items: bytes) -> bytes:
    return b'{"items":[%s],"metadata":{"resourceVersion":"7"}}' % b",".join(items)


@pytest.mark.parametrize(
    ("items", "names"),
    [((GOOD, WRONG, GOOD), ["good", "good"]), ((DEEP, GOOD), ["deep", "good"]), ((WRONG, DEEP), ["deep"])],
    ids=["of the wrong type", "nested too deep", "both"],
)
def test_a_page_holds_what_can_be_understood(items: tuple[bytes, ...], names: list[str]) -> None:
    found = PageDecoder(Sized).decode(page(*items))
    assert [obj.metadata.name for obj in found.items or ()] == names
    assert found.metadata.resource_version == "7"


@pytest.mark.parametrize("answer", [b"{", b'{"items":[]}', page(b"5"), page(b'{"metadata":5}')])
def test_what_no_api_server_says_is_a_broken_list(answer: bytes) -> None:
    with pytest.raises(KubernetesUnavailable, match="not what its kind promises"):
        PageDecoder(Sized).decode(answer)


@pytest.mark.parametrize("around", [b'"}]{["', b'"\\"{"', b"[[],{}]"])
def test_only_what_is_nested_deep_is_cut(around: bytes) -> None:
    deep = b"[" * (DEEPEST + 20) + b"]" * (DEEPEST + 20)
    raw = b'{"left":%s,"deep":%s,"right":%s}' % (around, deep, around)
    found = msgspec.json.decode(shallow(raw))
    assert found["left"] == found["right"] == msgspec.json.decode(around)
    assert msgspec.json.encode(found["deep"]) == b"[" * (DEEPEST - 1) + b"null" + b"]" * (DEEPEST - 1)


def test_what_is_cut_is_read_as_null() -> None:
    found = decode(msgspec.json.Decoder(Anything), b'{"data":%s}' % (b"[" * 5000 + b"]" * 5000))
    assert msgspec.json.encode(found.data).count(b"null") == 1


def test_an_object_that_is_left_out_is_named_in_the_log_once_and_not_quoted() -> None:
    secret = WRONG.replace(b'"uid":"2"', b'"uid":"hidden-1"').replace(b"three", b"hunter2")
    with structlog.testing.capture_logs() as logs:
        assert [understand(msgspec.json.Decoder(Sized), secret) for _ in range(3)] == [None] * 3
    assert [(line["uid"], line["name"]) for line in logs] == [("hidden-1", "odd")]
    assert "hunter2" not in f"{logs}"


def test_only_so_many_objects_are_remembered_as_named() -> None:
    odd = OddObjects()
    with structlog.testing.capture_logs() as logs:
        for number in [*range(MAX_NAMED + 1), MAX_NAMED, 0]:
            odd.leave_out(ObjectMeta(uid=f"{number}"), ValueError("x"))
    assert [line["uid"] for line in logs[MAX_NAMED:]] == [f"{MAX_NAMED}", "0"]
