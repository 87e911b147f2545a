"""Untrusted text is one line in which all that stands can be seen."""

import unicodedata

import pytest

from noctuary.common.text import clean

HANGUL = "\u1112\u1161\u11ab"  # a syllable of three letters
VIETNAMESE = unicodedata.normalize("NFD", "tr\u01b0\u1eddng h\u1ee3p")  # two marks on one letter


@pytest.mark.parametrize(
    "unseen",
    [
        *("\u034f", "\u2800", "\u3164", "\u115f", "\u1160", "\uffa0", "\u17b4", "\u180e", "\u200b", "\u2060", "\u2064"),
        *("\u2065", "\ufe0f", "\ufff0", "\ufeff", "\U000e0001", "\U000e0041", "\U000e01ef", "\U0001d159", "\u00ad"),
        *("\u061c", "\u202e", "\u2028", "\x00", "\x1b", "\u3000", "\u00a0", "\ue000", "\U00013441", "\U00016fe4"),
    ],
)
def test_what_cannot_be_seen_goes(unseen: str) -> None:
    assert clean(unseen * 3, 50) == ""
    assert clean(f"web{unseen}api", 50) == "web api"
    assert clean(f"n{unseen}ct:abc", 50) == "n ct:abc"
    assert clean(f"nct{unseen}:abc", 50) == "nct abc"


def test_no_letter_carries_a_pile_of_marks() -> None:
    piled = "a" + "\u0301" * 40 + "b" + "\u0489" * 40
    assert clean(piled, 200) == "a" + "\u0301" * 3 + "b" + "\u0489" * 3


@pytest.mark.parametrize("text", ["\u0301web", "the \u0301web"])
def test_a_mark_without_a_letter_goes(text: str) -> None:
    assert clean(text, 50) == text.replace("\u0301", "")


@pytest.mark.parametrize("honest", ["web-1", "prüfung", "支払い", "оплата", "الدفع", HANGUL, VIETNAMESE, "p99 > 2 s"])
def test_what_people_write_stays(honest: str) -> None:
    assert clean(honest, 50) == honest
