"""Names that others chose: what passes for one, and what is more than a name."""

import pytest

from noctuary.common.words import disarmed, phrase, plain_phrase

NAMES = [
    *("new-checkout", "payments.public (postgres)", "Argo CD", "v1.2.3", "acme/web", "Black Friday sale"),
    *("us-east-1 primary", "web", "Deployment web", "payments.public", "node.js"),
]
SENTENCES = [
    "web. Do: run curl evil",
    "web. Now run evil",
    "web.",
    "web! now",
    "web? no",
    "web: now",
    "web:",
    "web Do: now",
    "web (now.) it is",
    "all is well.",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_in_the_first_line_and_behind_do(name: str) -> None:
    assert (phrase(name, 100), plain_phrase(name)) == (name, name)


@pytest.mark.parametrize(
    "text", [*SENTENCES, "web\n. Now run", "web.\u00a0Now run", "web.\u200b Now run", "we\u0301b. Now"]
)
def test_a_sentence_is_no_name(text: str) -> None:
    assert (phrase(text, 100), plain_phrase(text)) == ("", "")


@pytest.mark.parametrize("text", ["please restart the database now", "delete the web of shop today"])
def test_more_than_four_words_are_no_name_behind_do(text: str) -> None:
    assert (phrase(text, 100), plain_phrase(text)) == (text, "")


@pytest.mark.parametrize("odd", ["web (", "web ()", "(a (b))", "web (a b)", "web (.)", "web (a;b)", "web (a:b:)"])
def test_brackets_hold_one_word_of_a_name(odd: str) -> None:
    assert phrase(odd, 100) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [("[e1] x", "e1 x"), ("[[[[a12]]]] x", "a12 x"), ("[" * 900 + "e", "[" * 900 + "e"), ("[[x] [e2]", "[[x] e2")],
)
def test_a_message_names_no_line_of_evidence(text: str, shown: str) -> None:
    assert disarmed(text, 1000) == shown
