"""When an output has the form that a page shows."""

import pytest

from testbed.docs.compare import matches


@pytest.mark.parametrize(
    ("shown", "got"),
    [
        ("NAME   AGE\nfirst  2s", "NAME AGE\nfirst 11m"),
        ("at 2026-11-21T03:12:00Z", "at 2027-01-02T00:00:01Z"),
        ("id ...", "id anything at all"),
        ("first\n...\nlast", "first\nsecond\nthird\nlast"),
        ("first\n...", "first"),
        ("noctuary-operator-57c7bf74f7-rzkc5   1/1", "noctuary-operator-7d8df5795c-qt6rs  1/1"),
        ("", "\n"),
    ],
)
def test_what_differs_by_nature_may_differ(shown: str, got: str) -> None:
    assert matches(shown, got)


@pytest.mark.parametrize(
    ("shown", "got"),
    [
        ("Ready=True", "Ready=False"),
        ("first", "first\nsecond"),
        ("first\n...\nlast", "first\nlast but one"),
        ("", "something"),
        ("a.b", "axb"),
    ],
)
def test_what_a_reader_goes_by_must_not_differ(shown: str, got: str) -> None:
    assert not matches(shown, got)
