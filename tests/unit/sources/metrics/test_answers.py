"""Range answers are read in every form that recordings have; what is no point is left out."""

import json
from typing import Any

import pytest

from noctuary.common.errors import InvalidInput
from noctuary.sources.metrics.answers import read_answer, read_recorded

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
