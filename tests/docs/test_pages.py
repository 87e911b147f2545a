"""Every snippet of every page does what the page says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hack.chart.tools import HELM4, find_tool
from testbed.docs.kinds import Kind, classified
from testbed.docs.page_environment import PageEnvironment, page_environment
from testbed.docs.reader import APPLY_CRDS, STARTS, Reader
from testbed.docs.snippets import ROOT, pages, start_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]
NOT_READ = {Kind.EXCUSED, Kind.MACHINE, Kind.DIFF}
READ = [page for page in pages() if {kind for _, kind in classified(page)} - NOT_READ]
STORIES = [page for page in READ if start_of(page)]
REFERENCES = [page for page in READ if not start_of(page)]
OF_HELM = [ROOT / "docs" / name for name in ("install.md", "upgrade.md", "uninstall.md")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PageEnvironment]:
    """A cluster that serves our CRDs and nothing else, for pages whose snippets change nothing."""
    async with page_environment(tmp_path_factory.mktemp("shared")) as environment:
        await environment.must(APPLY_CRDS)
        yield environment


@pytest.mark.parametrize("page", STORIES, ids=lambda page: str(page.relative_to(ROOT)))
async def test_a_page_that_is_followed_from_top_to_bottom_does_what_it_says(page: Path, tmp_path: Path) -> None:
    async with page_environment(tmp_path) as environment:
        await environment.must(STARTS[str(start_of(page))])
        await Reader(environment).read(page)


@pytest.mark.parametrize("page", REFERENCES, ids=lambda page: str(page.relative_to(ROOT)))
async def test_a_page_that_is_looked_things_up_in_is_right(page: Path, shared: PageEnvironment) -> None:
    assert Kind.SHELL not in {kind for _, kind in classified(page)}
    await Reader(shared).read(page)


@pytest.mark.parametrize("page", OF_HELM, ids=lambda page: page.name)
async def test_a_page_that_calls_helm_holds_for_helm_4(page: Path, tmp_path: Path) -> None:
    async with page_environment(tmp_path, find_tool(HELM4)) as environment:
        await environment.must(STARTS[str(start_of(page))])
        await Reader(environment).read(page)
