import msgspec
import pytest

from noctuary.incidents.evidence.storing import MAX_BYTES, encode
from noctuary.models.diagnosis import Diagnosis, Verdict
from noctuary.models.evidence import AlertSummary, Evidence

VERDICT = next(iter(Verdict))


def evidence(*gaps: str) -> Evidence:
    return Evidence(Diagnosis(VERDICT, 1.0, 0.0, ["cart"], []), AlertSummary(), list(gaps))


def test_usual_evidence_is_stored_as_it_is() -> None:
    usual = evidence("pods of cart", "x" * 8_000)
    assert msgspec.json.decode(encode(usual), type=Evidence) == usual


@pytest.mark.parametrize("texts", [40, 400, 1_500])
def test_of_evidence_that_is_too_large_the_long_texts_are_shortened(texts: int) -> None:
    kept = encode(evidence("pods of cart", *["x" * 8_000] * texts, "https://ci.example/" + "y" * 8_000))
    gaps = msgspec.json.decode(kept, type=Evidence).gaps
    assert len(kept) <= MAX_BYTES
    assert (gaps[0], len(gaps), gaps[-1]) == ("pods of cart", texts + 2, "")


@pytest.mark.parametrize("text", ["short", "äöü" * 40, "\x01" * 127], ids=["plain", "two bytes each", "escaped"])
def test_many_short_texts_are_no_more_than_the_bound_either(text: str) -> None:
    kept = encode(evidence("pods of cart", *[text] * 100_000))
    assert len(kept) <= MAX_BYTES
    assert msgspec.json.decode(kept, type=Evidence).gaps[0] == "pods of cart"
