"""Range answers of Prometheus as typed series: tolerant of what a query did not find, strict about what a point is."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from noctuary.common.errors import InvalidInput

MAX_SERIES = 500
"""Of one look: a query without an aggregation may find one series per request path."""
MAX_POINTS = 2_000
"""Of one series: a day at a step of 45 s."""
LAST_TIME = 253_402_300_799.0
"""The end of the year 9999: a later time can be told to nobody, nor can one before 1970."""
TIME_DIGITS = 3
"""Prometheus counts milliseconds."""
MAX_VALUE = 1e100
"""What is measured is far below; squares and sums of such values are still numbers."""
MAX_LABELS = 40
"""Of one series that are kept."""
MAX_LABEL_CHARS = 253
NAME_LABEL = "__name__"
HOW = "give answers of /api/v1/query_range: {status, data: {resultType: matrix, result: [{metric, values}]}}"

Point = tuple[float, float]


class Series(msgspec.Struct, frozen=True):
    """One series: what was asked, its labels, and its points as (seconds since the epoch, value), in order of time."""

    query: str
    labels: dict[str, str]
    points: list[Point]

    @property
    def name(self) -> str:
        """Return the metric's own name, else what was asked."""
        return self.labels.get(NAME_LABEL, "") or self.query


class _Result(msgspec.Struct):
    metric: dict[str, Any] = {}
    values: list[Any] = []


class _Data(msgspec.Struct, rename="camel"):
    result_type: str = "matrix"
    result: list[Any] = []


class RangeAnswer(msgspec.Struct):
    """What was recorded of a range query; `query` is what some recordings keep beside it."""

    status: str = "success"
    data: _Data = msgspec.field(default_factory=_Data)
    query: str = ""
    error: str = ""


class _LiveData(msgspec.Struct, rename="camel"):
    result_type: str = "matrix"
    result: list[msgspec.Raw] = []


class _LiveAnswer(msgspec.Struct):
    data: _LiveData = msgspec.field(default_factory=_LiveData)


def read_recorded(raw: bytes) -> list[Series]:
    """Return the series of a recording: one answer, a list of answers, or answers by query or by name.

    Raises InvalidInput where it is none of these.
    """
    try:
        told = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("metrics.json", f"is not JSON: {error}", HOW) from None
    return _limited(_recorded(told))


def read_answer(raw: bytes, query: str) -> list[Series]:
    """Return the series of one answer; of what is beyond the limits nothing is read. Raises InvalidInput.

    A large answer takes tens of milliseconds: not for an event loop.
    """
    try:
        answer = msgspec.json.decode(raw, type=_LiveAnswer)
        found = [msgspec.json.decode(each) for each in answer.data.result[:MAX_SERIES]]
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("metrics", f"is not a range answer: {error}", HOW) from None
    return list(_series(found, query))


def _recorded(told: Any) -> Iterator[Series]:
    if isinstance(told, list):
        for index, each in enumerate(told):
            yield from _one(each, f"[{index}]", "")
    elif isinstance(told, dict) and "data" in told:
        yield from _one(told, "", "")
    elif isinstance(told, dict):
        for name, each in told.items():
            yield from _one(each, name, name)
    else:
        raise InvalidInput("metrics.json", "is neither an object nor a list", HOW)


def _one(told: Any, place: str, query: str) -> Iterator[Series]:
    """Yield the series of an answer; of a list of results, too, as some clients keep them."""
    wrapped = {"data": {"result": told}} if isinstance(told, list) else told
    if isinstance(wrapped, dict) and "result" in wrapped and "data" not in wrapped:
        wrapped = {**wrapped, "data": {"result": wrapped["result"]}}
    try:
        answer = msgspec.convert(wrapped, RangeAnswer, strict=False)
    except msgspec.ValidationError as error:
        where = f"metrics.json{f' {place}' if place else ''}"
        raise InvalidInput(where, f"is not a range answer: {error}", HOW) from None
    yield from _series(answer.data.result, answer.query or query)


def _series(results: Iterable[Any], query: str) -> Iterator[Series]:
    for raw in results:
        try:
            found = _Result(**_fields(raw))
        except (AttributeError, TypeError, ValueError):
            continue  # one series that is none leaves the others readable
        points = sorted(set(_points(found.values[-MAX_POINTS:])))
        if points:
            yield Series(query, _labels(found.metric), points)


def _fields(told: Any) -> dict[str, Any]:
    return {"metric": dict(told.get("metric") or {}), "values": list(told.get("values") or [])}


def _labels(told: dict[str, Any]) -> dict[str, str]:
    named = ((name, value) for name, value in told.items() if isinstance(name, str) and isinstance(value, str))
    kept = [(name, value) for name, value in named if len(name) <= MAX_LABEL_CHARS and len(value) <= MAX_LABEL_CHARS]
    return dict(kept[:MAX_LABELS])


def _points(values: Iterable[Any]) -> Iterator[Point]:
    """Yield the points that are numbers at times; Prometheus writes NaN where a quotient has no divisor."""
    for pair in values:
        try:
            at, value = round(float(pair[0]), TIME_DIGITS), float(pair[1])
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            continue
        if 0 <= at <= LAST_TIME and math.isfinite(value) and abs(value) <= MAX_VALUE:
            yield at, value


def _limited(found: Iterable[Series]) -> list[Series]:
    return list(islice(found, MAX_SERIES))
