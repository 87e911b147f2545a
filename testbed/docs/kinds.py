"""What is done with a snippet: decided by its language, its mark, and what precedes it."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import yaml

from testbed.docs.snippets import Snippet, snippets


class Kind(StrEnum):
    """What is done with a snippet."""

    SHELL = "run by bash against a cluster"
    MACHINE = "calls make and docker: run where the page is read with pods; else its targets are looked up"
    OUTPUT = "compared in form with what the shell before it printed"
    FILE = "written to the directory in which the page's shell runs"
    MANIFEST = "offered to the API server, which is asked to change nothing"
    SPEC = "merged into the spec of an integration and offered to the API server"
    VALUES = "given to Helm, which renders the chart with it; with pods the release is upgraded to it"
    JSON = "parsed"
    DIFF = "applied to a copy of the project, whose tests then run"
    NOTE = "compared with the note that is written of the scene that its mark names"
    PROMQL = "read for metrics that exist"
    EXCUSED = "not run; the page's source says why"


_OF_THE_MACHINE = ("make", "docker")
_BY_MARK = {"spec": Kind.SPEC, "values": Kind.VALUES}
_BY_LANGUAGE = {"hidden": Kind.SHELL, "sh": Kind.SHELL, "json": Kind.JSON, "diff": Kind.DIFF, "promql": Kind.PROMQL}


def classified(page: Path) -> Iterator[tuple[Snippet, Kind | None]]:
    """Return each snippet of a page with its kind; None where nobody knows what to do with it."""
    before: Kind | None = None
    for snippet in snippets(page):
        before = kind_of(snippet, before)
        yield snippet, before


def kind_of(snippet: Snippet, before: Kind | None) -> Kind | None:
    """Return the kind of a snippet that follows one of another kind."""
    if snippet.excuse:
        return Kind.EXCUSED
    if snippet.scene:
        return Kind.NOTE
    if snippet.mark in _BY_MARK:
        return _BY_MARK[snippet.mark]
    if snippet.language == "sh" and all(line.startswith(_OF_THE_MACHINE) for line in snippet.text.splitlines()):
        return Kind.MACHINE
    if snippet.title:
        return Kind.FILE
    if snippet.language == "text":
        return Kind.OUTPUT if before is Kind.SHELL else None
    if snippet.language == "yaml":
        return Kind.MANIFEST if _is_manifest(snippet.text) else None
    return _BY_LANGUAGE.get(snippet.language)


def _is_manifest(text: str) -> bool:
    documents = list(yaml.safe_load_all(text))
    return all(isinstance(each, dict) and {"apiVersion", "kind"} <= set(each) for each in documents)
