import pytest

from noctuary.common.backoff import Backoff


@pytest.mark.parametrize(("failures", "pause_s"), [(0, 1.0), (1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0), (10_000, 10.0)])
def test_pauses_double_up_to_the_longest(failures: int, pause_s: float) -> None:
    assert Backoff(1.0, 10.0, jitter=0.0).pause_s(failures) == pause_s


def test_pauses_are_spread_around_their_length() -> None:
    pauses = {Backoff(1.0, 10.0, jitter=0.3).pause_s(1) for _ in range(50)}
    assert len(pauses) > 1
    assert all(0.7 <= pause <= 1.3 for pause in pauses)
