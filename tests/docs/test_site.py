"""The site as `make docs` built it: complete, and sufficient to itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.docs.snippets import ROOT

SITE = ROOT / "build" / "site"
LOADED = re.compile(
    r"""<(?:script|img|iframe)[^>]*\bsrc=["']?(https?://[^"' >]+)|<link[^>]*\bhref=["']?(https?://[^"' >]+)"""
)


@pytest.fixture
def site() -> Path:
    if not (SITE / "index.html").exists():
        pytest.fail("build/site is not there; run `make docs`")
    return SITE


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        yield from (found[0] or found[1] for found in LOADED.findall(page.read_text(encoding="utf-8")))
    for sheet in site.rglob("*.css"):
        yield from re.findall(r"url\([\"']?(https?://[^)\"']+)", sheet.read_text(encoding="utf-8"))


def test_reading_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    assert set(loaded_from_elsewhere(site)) == set()


def test_every_page_is_built(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    built = [site / (page.parent if page.stem in ("index", "README") else page.with_suffix("")) for page in pages]
    assert [str(folder) for folder in built if not (folder / "index.html").exists()] == []


def test_the_table_of_fields_is_filled_in(site: Path) -> None:
    assert "minimumConfidence</code></td>" in (site / "integration" / "spec" / "index.html").read_text(encoding="utf-8")


def test_no_line_of_a_code_block_is_hidden_on_a_narrow_screen(site: Path) -> None:
    sheet = site / "stylesheets" / "code.css"
    without = [str(page) for page in site.rglob("index.html") if "stylesheets/code.css" not in page.read_text()]
    assert (without, "white-space: pre-wrap" in sheet.read_text(encoding="utf-8")) == ([], True)


def test_the_link_of_an_alert_leads_to_its_runbook(site: Path) -> None:
    runbooks = (site / "operations" / "runbooks" / "index.html").read_text(encoding="utf-8")
    assert re.search(r"""id=["']?noctuaryreceiverdown\b""", runbooks)
