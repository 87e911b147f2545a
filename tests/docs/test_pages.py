"""Every snippet of every page does what the page says, on a cluster of the page's own."""

from pathlib import Path

import pytest

from hack.docs.desk import desk
from hack.docs.kinds import Kind, classified
from hack.docs.reader import STARTS, Reader
from hack.docs.snippets import ROOT, pages, start_of

PAGES = [page for page in pages() if any(kind not in (Kind.EXCUSED, Kind.MAKE) for _, kind in classified(page))]
EXCUSES = 8
"""More than this would be a documentation that nobody has tried."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
async def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    async with desk(tmp_path) as own:
        await own.must(STARTS[start_of(page) or "definitions"])
        await Reader(own).read(page)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_nobody_wonders_what_is_done_with_a_snippet(page: Path) -> None:
    assert [snippet.where for snippet, kind in classified(page) if kind is None] == []
