"""What is made once for all who ask within a moment."""

import asyncio

import pytest

from noctuary.serving.shared import Shared


class Maker:
    """Counts how often it made something, once it may."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.made = 0
        self.fails = False

    async def __call__(self) -> int:
        self.made += 1
        await self.may_end.wait()
        if self.fails:
            raise OSError
        return self.made


@pytest.mark.parametrize("max_age_s", [0.0, 3600.0])
async def test_all_who_ask_while_it_is_made_get_the_same(max_age_s: float) -> None:
    shared = Shared(make := Maker(), max_age_s)
    asking = [asyncio.create_task(shared.get()) for _ in range(100)]
    await asyncio.sleep(0)
    make.may_end.set()
    assert await asyncio.gather(*asking) == [1] * 100


@pytest.mark.parametrize(("max_age_s", "second"), [(0.0, 2), (3600.0, 1)])
async def test_it_is_made_again_when_it_is_too_old(max_age_s: float, second: int) -> None:
    shared = Shared(make := Maker(), max_age_s)
    make.may_end.set()
    assert [await shared.get(), await shared.get()] == [1, second]


async def test_who_goes_away_takes_it_from_nobody() -> None:
    shared = Shared(make := Maker(), 3600.0)
    leaving, staying = asyncio.create_task(shared.get()), asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    leaving.cancel()
    make.may_end.set()
    assert await staying == 1


async def test_what_could_not_be_made_is_tried_again_by_the_next() -> None:
    shared = Shared(make := Maker(), 3600.0)
    make.may_end.set()
    make.fails = True
    with pytest.raises(OSError):
        await shared.get()
    make.fails = False
    assert await shared.get() == 2
