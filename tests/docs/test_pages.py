"""Every snippet of every page does what the page says, on a cluster of the page's own."""

from pathlib import Path

import pytest

from hack.chart.tools import HELM4, find_tool
from hack.docs.desk import desk
from hack.docs.kinds import Kind, classified
from hack.docs.reader import STARTS, Reader
from hack.docs.snippets import ROOT, pages, start_of

NOT_READ = {Kind.EXCUSED, Kind.MAKE}
PAGES = [page for page in pages() if {kind for _, kind in classified(page)} - NOT_READ]
OF_HELM = [ROOT / "docs" / name for name in ("install.md", "upgrade.md", "uninstall.md")]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
async def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    async with desk(tmp_path) as own:
        await own.must(STARTS[start_of(page) or "definitions"])
        await Reader(own).read(page)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", OF_HELM, ids=lambda page: page.name)
async def test_a_page_that_calls_helm_holds_for_helm_4(page: Path, tmp_path: Path) -> None:
    async with desk(tmp_path, find_tool(HELM4)) as own:
        await own.must(STARTS[start_of(page) or "definitions"])
        await Reader(own).read(page)
