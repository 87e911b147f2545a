"""Words that look like Latin ones are known by what they look like; what is another script's own stays as it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctuary.common.lookalikes import bare_name, cut_behind, seen

MARKER = re.compile("(nct):")
ALIKE = [
    ("n\u043e\u0441tu\u0430ry", "noctuary"),
    ("\u041d\u041e\u0421", "hoc"),
    ("\u039f\u03f9\u03a4", "oct"),
    ("\uff4e\uff43\uff54\uff1a", "nct:"),
    ("\u0274\u1d04\u1d1b\ua789", "nct:"),
    ("\U0001d427\U0001d41c\U0001d42d", "nct"),
    ("\u24dd\u24d2\u24e3", "nct"),
    ("\u0144\u010dt", "nct"),
    ("ku\u0432\u0435rn\u0451tes", "kubernetes"),
    ("KUBERNETES", "kubernetes"),
]


@pytest.mark.parametrize(("text", "latin"), ALIKE)
def test_letters_of_other_scripts_are_seen_as_the_latin_ones_that_they_look_like(text: str, latin: str) -> None:
    assert seen(text) == latin


@pytest.mark.parametrize(
    "text", ["\u65e5\u672c\u8a9e", "\ud55c\uad6d", "\u2026", "\u00bd", "\u0447\u0436\u0448", "\u05d0\u05d1", "\u00df"]
)
def test_what_looks_like_no_latin_word_stays(text: str) -> None:
    assert seen(text) == text


@given(st.text(max_size=60))
def test_what_is_seen_has_as_many_characters_as_the_text(text: str) -> None:
    assert len(seen(text)) == len(text)


@pytest.mark.parametrize(
    "name",
    [
        "n0ctuary",
        "noc7uary",
        "noctu@ry",
        "n\u043ectu4ry",
        "noct-u\u0430ry",
        "n\u0301octuary",
        "N.o.c.t.u.a.r.y",
        "noct \u200duary",
    ],
)
def test_signs_and_marks_within_a_name_hide_nothing(name: str) -> None:
    assert bare_name(name) == "noctuary"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a n\u0441t: b", "a n\u0441t  b"),
        ("\uff4e\uff43\uff54\uff1aN\u0421T:", "\uff4e\uff43\uff54 N\u0421T "),
        ("\u043d\u0435\u0442: \u0434\u0430", "\u043d\u0435\u0442: \u0434\u0430"),
    ],
)
def test_only_what_stands_behind_a_word_is_cut(text: str, left: str) -> None:
    assert cut_behind(MARKER, text) == left
