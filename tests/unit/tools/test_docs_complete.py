"""What exists has its entry in the documentation, and what the documentation lists exists."""

import re
from pathlib import Path

import pytest
import yaml

from hack.chart.event_pages import detail_meanings
from hack.chart.replay_page import CHANGES
from noctuary.analyzers.registry import ANALYZERS
from noctuary.common.values_policy import LAST_SECRET_WORDS, SECRET_ENDS, SECRET_PARTS, SECRET_WORDS
from noctuary.models.context_event import CHANGE_TYPES
from noctuary_cli.replay.answer import CHANGE_KINDS, RESTART
from noctuary_operator.resources import reasons
from testbed.before_after.world import note_of
from testbed.docs.kinds import Kind, classified
from testbed.docs.mkdocs_hook import MARK, field_table
from testbed.docs.reader import exported_metrics, unknown_metrics
from testbed.docs.snippets import ROOT, Snippet, pages, snippets
from testbed.golden_notes import SCENES

DOCS = ROOT / "docs"
ALERTS = {each["alert"] for each in yaml.safe_load((ROOT / "charts/noctuary/files/alerts.yaml").read_text())}
MAX_EXCUSED = 4
"""More than this would be a documentation that nobody has tried."""


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def documented_metrics() -> set[str]:
    return set(re.findall(r"^\| `(noctuary_[a-z_]+)`", text("operations/metrics.md"), re.MULTILINE))


def excused() -> list[Snippet]:
    return [snippet for page in pages() for snippet, kind in classified(page) if kind is Kind.EXCUSED]


def test_every_condition_reason_has_its_section_and_no_section_speaks_of_another() -> None:
    constants = {value for name, value in vars(reasons).items() if name.isupper()}
    assert set(re.findall(r"^### (\w+)$", text("integration/conditions.md"), re.MULTILINE)) == constants


def test_every_metric_has_its_line_and_no_line_speaks_of_another() -> None:
    shown = {re.sub("_(bucket|sum|count)$", "", name) if kind == "histogram" else name
             for name, kind in exported_metrics().items()}  # fmt: skip
    assert documented_metrics() == shown


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert set(re.findall(r"^## (\w+)$", text("operations/runbooks.md"), re.MULTILINE)) == ALERTS


def test_an_alert_that_a_page_names_exists() -> None:
    named = {name for page in pages() for name in re.findall(r"\b(Noctuary[A-Z]\w+)", page.read_text())}
    assert named - ALERTS == set()


def test_a_runbook_speaks_only_of_metrics_that_exist() -> None:
    assert unknown_metrics(" ".join(re.findall(r"`[^`]*`", text("operations/runbooks.md")))) == set()


def kinds_below(heading: str) -> set[str]:
    section = text("reference/replay.md").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \| [A-Z].*\. \|$", section, re.MULTILINE))


def test_every_kind_of_cause_that_a_replay_can_name_has_its_sentence() -> None:
    assert kinds_below("Kinds of faults") == {analyzer.kind for analyzer in ANALYZERS}
    assert kinds_below("Kinds of changes") == {*CHANGE_KINDS.values(), RESTART} == {*CHANGES}
    assert {*CHANGE_KINDS} == {*CHANGE_TYPES}


def test_every_word_that_makes_a_name_secret_like_is_told() -> None:
    words = {*SECRET_PARTS, *SECRET_WORDS, *SECRET_ENDS, *LAST_SECRET_WORDS}
    assert {word for word in words if f"`{word}`" not in text("reference/replay.md")} == set()


def test_every_field_of_the_spec_is_in_the_table_that_the_site_shows() -> None:
    assert MARK in text("integration/spec.md")
    table = field_table()
    named = {"webhook.route.parentRefs[].sectionName", "services[].dependsOn", "enrichment.minimumConfidence", "from"}
    assert {name for name in named if f"| `{name}` |" in table} == named


def test_every_example_is_on_the_page_of_examples() -> None:
    listed = re.findall(r'^--8<-- "(examples/[^"]+)"$', text("integration/examples.md"), re.MULTILINE)
    assert sorted(listed) == sorted(str(file.relative_to(ROOT)) for file in (ROOT / "examples").glob("*.yaml"))


def shown_notes() -> list[Snippet]:
    return [snippet for snippet in snippets(DOCS / "operations/notes.md") if snippet.scene]


@pytest.mark.parametrize("shown", shown_notes(), ids=lambda shown: shown.scene)
def test_a_note_that_the_page_shows_is_the_one_that_is_written(shown: Snippet) -> None:
    (scene,) = [each for each in SCENES if each.title == shown.scene]
    assert shown.text == note_of(scene)


def test_every_constant_of_a_detail_says_what_it_holds() -> None:
    assert [name for name, meaning in detail_meanings() if not meaning] == []


def test_few_snippets_are_not_run_and_each_says_why() -> None:
    assert len(excused()) <= MAX_EXCUSED, [f"{each.where}: {each.excuse}" for each in excused()]


def test_a_file_that_a_page_names_is_used_by_its_shell() -> None:
    unused = [
        each.where
        for page in pages()
        for each in snippets(page)
        if each.title and not any(each.title in other.text for other in snippets(page) if other.language == "sh")
    ]
    assert unused == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_nobody_wonders_what_is_done_with_a_snippet(page: Path) -> None:
    assert [snippet.where for snippet, kind in classified(page) if kind is None] == []


def commands_that_bring_pods() -> list[str]:
    readmes = [ROOT / "charts/noctuary/README.md", *ROOT.glob("deploy/**/*.md")]
    texts = [path.read_text() for path in (*pages(), *readmes)]
    lines = [line.strip() for text in texts for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("helm install") or "--show-only templates/cleanup.yaml" in line]


def test_no_command_of_a_page_asks_for_an_image_that_nobody_published() -> None:
    commands = commands_that_bring_pods()
    assert len(commands) >= 6
    assert [each for each in commands if "--values noctuary.yaml" not in each and "image.registry=" not in each] == []


def test_no_manifest_of_deploy_asks_for_an_image_that_nobody_published() -> None:
    (example,) = yaml.safe_load((ROOT / "deploy/kustomize/example/kustomization.yaml").read_text())["images"]
    release = yaml.safe_load((ROOT / "deploy/argocd/release.yaml").read_text())
    registry = release["spec"]["source"]["helm"]["valuesObject"]["image"]["registry"]
    assert (example["newName"], registry) == ("registry.example.com/noctuary", "registry.example.com")


@pytest.mark.parametrize("page", ["install.md", "quickstart.md"])
def test_no_block_of_a_newcomers_page_is_only_looked_at(page: str) -> None:
    run = {Kind.SHELL, Kind.OUTPUT, Kind.FILE, Kind.MACHINE, Kind.VALUES, Kind.SPEC}
    assert {kind for _, kind in classified(DOCS / page)} - run == set()


def test_a_make_target_that_a_page_calls_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    blocks = [snippet.text for page in pages() for snippet, kind in classified(page) if kind is Kind.MACHINE]
    assert blocks
    assert set(re.findall(r"^make (\S+)", "\n".join(blocks), re.MULTILINE)) - targets == set()


def test_folders_and_files_that_pages_name_exist() -> None:
    folders = r"`((?:charts|deploy|docs|examples|noctuary|operator|webhook_receiver|hack|tests|crds)/[\w./-]*)`"
    named = {name for page in pages() for name in re.findall(folders, page.read_text())}
    assert {name for name in named if not (ROOT / name).exists()} == set()
