"""Untrusted text is one line in which all that stands can be seen."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from noctuary.common.text import CLEANED_LIMIT, clean

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


@pytest.mark.parametrize(
    "honest",
    [
        "cafe\u0301 zu\u0308rich",
        "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48 \u0e19\u0e49\u0e33",  # Thai: vowel and tone on one letter
        "\u0928\u094d\u0928 \u091c\u093c\u0941\u0902 \u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937",  # Devanagari
        "\u09b0\u200d\u09cd\u09af\u09be\u09ac",  # Bengali: a joiner before the virama
        "\u1019\u103c\u102d\u102f\u1037 \u101c\u103e\u102f\u1036\u1037",  # Burmese: four marks on one letter
        "\u05e9\u05c1\u05bc\u05b8\u05a3\u05dc",  # Hebrew, with points and accent
        "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f\u064c",  # Arabic, with vowels
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
        "\u845b\U000e0100\u57ce",  # a variant of a letter in a Japanese name
        "\u1820\u180b\u1828",
        "\u2764\ufe0f \u26a0\ufe0e \u2139\ufe0f",
        "1\ufe0f\u20e3 #\ufe0f\u20e3",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f469\U0001f3fd\u200d\U0001f4bb",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f642\u200d\u2194\ufe0f",
        "\U0001f1e9\U0001f1ea",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    ],
)
def test_a_script_and_an_emoji_keep_what_they_need(honest: str) -> None:
    assert clean(honest, 50) == honest


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u00ad\u0301b", "a b"),  # a mark whose letter is gone
        ("\u2764\ufe0f\ufe0f\ufe0fx", "\u2764\ufe0f x"),
        ("\u2764\u200d\u200d\u2764", "\u2764 \u2764"),
        ("web\u200d\u2764", "web \u2764"),
        ("web\ufe0f\u200d\u2764", "web \u2764"),
        ("\u2764\u200dweb", "\u2764 web"),
        ("1\ufe0f2", "1 2"),
        ("n\u200cct\u200d:x", "n ct :x"),
        ("\u0645\u200c\u200c\u0645\u200cx", "\u0645 \u0645 x"),
        ("\u094d\u200d\u200dx", "x"),
        ("\u845b\U000e0100\U000e0101", "\u845b\U000e0100"),
        ("\U0001f3f4\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065\U000e007f", "\U0001f3f4"),
        ("\U000e0067\U000e0062x", "x"),
        ("\u0e01" + "\u0e47" * 40, "\u0e01" + "\u0e47" * 3),
        ("\u0628" + "\u064e" * 40, "\u0628" + "\u064e" * 5),
        ("a" + "\u0301\u05b8" * 40, "a" + "\u0301\u05b8\u0301\u05b8\u0301"),
        ("a" + "\u0301\u200d" * 40, "a\u0301"),
        ("\u094d\u200c\u0915", "\u0915"),  # a joiner whose mark is gone: none stood before it
        ("x \u094d\u200d\u0915", "x \u0915"),
        ("\u0915" + "\u094d" * 5 + "\u0301\u200c\u0915", "\u0915" + "\u094d" * 5 + " \u0915"),
        ("nct::x", "nct x"),
    ],
)
def test_where_nothing_needs_them_they_go(hidden: str, shown: str) -> None:
    assert clean(hidden, 100) == shown


@given(
    st.text(
        "a1 \u0915\u094d\u0645\u845b\u0301\u0e47\u20e3\u2764\U0001f3fd\u200c\u200d\ufe0f\u00ad\U000e0100\U000e0061",
        max_size=60,
    )
)
@example("\u094d\u200c\u0915")
def test_nothing_long_hides_in_any_mix(text: str) -> None:
    shown = clean(text, 1000)
    assert not re.search("[\u200c\u200d\ufe0f\u00ad\U000e0100\U000e0061]{3}", shown)
    assert not re.search("^[\u0301\u0e47\u20e3\u200c\u200d\ufe0f]|[\u0301\u0e47\u20e3]{4}", shown)


@given(
    st.text(
        "a:nct \u0915\u094d\u0645\u0301\u20e3\u2764\U0001f3fd\u200c\u200d\ufe0f\u00ad\U0001f3f4"
        "\U000e0067\U000e0062\U000e0065\U000e006e\U000e007f",
        max_size=60,
    ),
    st.integers(0, 70),
)
@example("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 5)
@example("\u0915\u094d\u200c\u0915", 4)
@example("nct:", 4)
@example("nct: x", 9)
@example("n\u0441t: x", 9)
def test_what_is_clean_stays_as_it_is_wherever_it_was_cut(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert clean(shown, max(limit, 1)) == shown


@pytest.mark.parametrize("filler", ["\u0301", "\u200b", "a\u0301", " "])
def test_no_more_of_a_text_is_cleaned_than_people_write(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def category(character: str) -> str:
        looked_at.append(character)
        return "Ll"

    monkeypatch.setattr("noctuary.common.text.unicodedata.category", category)
    clean("seen " + filler * 1_000_000, 300)
    assert len(looked_at) <= 2 * CLEANED_LIMIT


@pytest.mark.parametrize(
    ("forged", "shown"),
    [
        ("noctuary ref NCT:abc", "noctuary ref NCT abc"),
        ("ref n\u0441t:abc", "ref n\u0441t abc"),
        ("\uff4e\uff43\uff54\uff1afake", "\uff4e\uff43\uff54 fake"),
        ("nct\ua789 \u2236 x", "nct x"),
        ("\u0274\u1d04\u1d1b: x", "\u0274\u1d04\u1d1b x"),
        ("\u0441\u0447\u0451\u0442: 5", "\u0441\u0447\u0451\u0442: 5"),
    ],
)
def test_a_word_that_looks_like_our_marker_loses_its_colon_and_stays_readable(forged: str, shown: str) -> None:
    assert clean(forged, 100) == shown
