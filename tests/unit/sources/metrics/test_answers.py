"""Range answers are read in every form that recordings have; what is no point is left out."""

import json
from typing import Any

import pytest

from noctuary.common.errors import InvalidInput
from noctuary.sources.metrics.answers import MAX_POINTS, MAX_SERIES, read_answer, read_recorded

RESULT = {"metric": {"__name__": "up", "job": "web"}, "values": [[1, "1"], [2, "0.5"]]}
ANSWER = {"status": "success", "data": {"resultType": "matrix", "result": [RESULT]}}

FORMS: dict[str, Any] = {
    "one answer": ANSWER,
    "a list of answers": [ANSWER | {"query": "up"}],
    "answers by query": {"up": ANSWER},
    "results by query": {"up": [RESULT]},
    "a result without data": {"up": {"result": [RESULT]}},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_recording_is_read_in_every_form(form: Any) -> None:
    (series,) = read_recorded(json.dumps(form).encode())
    assert (series.name, series.points) == ("up", [(1.0, 1.0), (2.0, 0.5)])


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", None, "many", {}])
def test_what_is_no_number_is_left_out(value: Any) -> None:
    told = {"data": {"result": [{"metric": {}, "values": [[1, "1"], [2, value], [3, "3"]]}]}}
    (series,) = read_answer(json.dumps(told).encode(), "q")
    assert [at for at, _ in series.points] == [1.0, 3.0]


@pytest.mark.parametrize("odd", [None, 7, {"values": 7}, {"metric": []}, {"metric": {}, "values": [[]]}])
def test_a_series_that_is_none_leaves_the_others(odd: Any) -> None:
    told = {"data": {"result": [odd, RESULT]}}
    assert [series.name for series in read_recorded(json.dumps(told).encode())] == ["up"]


@pytest.mark.parametrize("raw", [b"{", b"7", b'{"up": 7}', b'[{"data": {"result": 7}}]'])
def test_what_is_no_answer_is_named(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"metrics\.json"):
        read_recorded(raw)


@pytest.mark.parametrize("point", [[-1e15, "1"], [1e300, "1"], [1, "1e308"], [10**400, "1"]])
def test_what_is_no_time_or_no_measure_is_left_out(point: Any) -> None:
    told = {"data": {"result": [{"metric": {}, "values": [[1, "1"], point]}]}}
    (series,) = read_answer(json.dumps(told).encode(), "q")
    assert series.points == [(1.0, 1.0)]


def test_an_answer_that_is_too_deep_is_none() -> None:
    with pytest.raises(InvalidInput, match="is not a range answer"):
        read_answer(b'{"data":{"result":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}}", "q")


def test_of_what_is_beyond_the_limits_nothing_is_read() -> None:
    many = [{"metric": {}, "values": [[n, "1"] for n in range(MAX_POINTS + 5)]}] * (MAX_SERIES + 5)
    found = read_answer(json.dumps({"data": {"result": many}}).encode(), "q")
    assert (len(found), {len(each.points) for each in found}) == (MAX_SERIES, {MAX_POINTS})
