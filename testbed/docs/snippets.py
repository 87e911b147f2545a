"""What a page holds, in its order: fenced blocks with their marks, and steps that only tests see."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
_MARK = re.compile(r"^ *<!-- snippet: (?P<mark>.+?) -->$")
_HIDDEN = re.compile(r"^ *<!-- test(?: (?P<mark>without pods))?$")
_START = re.compile(r"^<!-- page starts with: (?P<start>.+?) -->$", re.MULTILINE)
_INCLUDED = re.compile(r'^--8<-- "([^"]+)"$', re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Snippet:
    """One fenced block, or (language `hidden`) what a user does in between: shell that only the test runs."""

    page: Path
    line: int
    language: str
    text: str
    title: str | None = None
    mark: str | None = None
    """The mark before the block, `<!-- snippet: ... -->`, or of a hidden step (`without pods`); no reader sees it."""

    @property
    def where(self) -> str:
        """Page and line, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def excuse(self) -> str | None:
        """Why it is not run, where the page says so."""
        return self.mark.removeprefix("not run: ") if self.mark and self.mark.startswith("not run: ") else None

    @property
    def scene(self) -> str | None:
        """Of which scene of `testbed/before_after` it is the note, where the page says so."""
        return self.mark.removeprefix("note: ") if self.mark and self.mark.startswith("note: ") else None


def pages() -> list[Path]:
    """Return the README and every page of the documentation but the design notes."""
    design = ROOT / "docs" / "design"
    return [ROOT / "README.md", *(path for path in sorted((ROOT / "docs").rglob("*.md")) if design not in path.parents)]


def start_of(page: Path) -> str | None:
    """Return what a page's snippets begin with: `nothing`, `a release`, or None where the page does not say."""
    found = _START.search(page.read_text(encoding="utf-8"))
    return found["start"] if found else None


def snippets(page: Path) -> list[Snippet]:
    """Return the blocks and hidden steps of a page."""
    return list(_scan(page, page.read_text(encoding="utf-8").splitlines()))


def _scan(page: Path, lines: list[str]) -> Iterator[Snippet]:
    mark = None
    number = 0
    while number < len(lines):
        line = lines[number]
        if fence := _FENCE.match(line):
            end = _end(lines, number + 1, f"{fence['indent']}```", page)
            yield _block(page, number, fence, lines[number + 1 : end], mark)
            number = end
        elif hidden := _HIDDEN.match(line):
            end = _end(lines, number + 1, "-->", page)
            yield Snippet(page, number + 1, "hidden", "\n".join(lines[number + 1 : end]), mark=hidden["mark"])
            number = end
        found = _MARK.match(line)
        if found or line.strip():
            mark = found["mark"] if found else None
        number += 1


def _block(page: Path, number: int, fence: re.Match[str], body: list[str], mark: str | None) -> Snippet:
    text = "\n".join(line.removeprefix(fence["indent"]) for line in body)
    text = _INCLUDED.sub(lambda found: (ROOT / found[1]).read_text(encoding="utf-8"), text)
    language, _, rest = fence["info"].partition(" ")
    title = _TITLE.search(rest)
    return Snippet(page, number + 1, language, text, title[1] if title else None, mark)


def _end(lines: list[str], begin: int, closing: str, page: Path) -> int:
    for number in range(begin, len(lines)):
        if lines[number].rstrip() == closing or lines[number].strip() == closing.strip():
            return number
    raise ValueError(f"{page}:{begin}: the block is not closed")
