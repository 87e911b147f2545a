"""Names that others chose: what passes for one, and what is more than a name."""

import pytest

from noctuary.common.words import disarmed


@pytest.mark.parametrize(
    ("text", "shown"),
    [("[e1] x", "e1 x"), ("[[[[a12]]]] x", "a12 x"), ("[" * 900 + "e", "[" * 900 + "e"), ("[[x] [e2]", "[[x] e2")],
)
def test_a_message_names_no_line_of_evidence(text: str, shown: str) -> None:
    assert disarmed(text, 1000) == shown
