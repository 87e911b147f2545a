"""The import law holds, and each of its contracts breaks when somebody breaks it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("noctuary", "operator/noctuary_operator", "webhook_receiver", "noctuary_cli", "hack", "testbed")
DOMAIN = "Rooms of the domain"
OPERATOR = "Rooms of the operator"
PURE = "Analyzers and correlation are pure"
PLANS = "Plans of the operator import no client"
COUNTS = "The PagerDuty client counts for whoever asks, in no metrics of its own"
PLANTS = [
    # contract, importer, what it must not import
    (DOMAIN, "noctuary.common.clock", "noctuary.models.details"),
    (DOMAIN, "noctuary.models.details", "noctuary.store.interface"),
    (DOMAIN, "noctuary.kube.lease", "noctuary.store.interface"),
    (DOMAIN, "noctuary.pagerduty.budget", "noctuary.kube.client"),
    (DOMAIN, "noctuary.store.interface", "noctuary.pagerduty.objects"),
    (DOMAIN, "noctuary.store.interface", "noctuary.analyzers.base"),
    (DOMAIN, "noctuary.analyzers.base", "noctuary.correlation.score"),
    (DOMAIN, "noctuary.correlation.score", "noctuary.routing.directory"),
    (DOMAIN, "noctuary.routing.directory", "noctuary.sources.posted"),
    (DOMAIN, "noctuary.sources.posted", "noctuary.notes.note"),
    (DOMAIN, "noctuary.notes.note", "noctuary.incidents.timings"),
    (OPERATOR, "noctuary_operator.resources.paths", "noctuary_operator.plan.policy"),
    (OPERATOR, "noctuary_operator.plan.policy", "noctuary_operator.watch.cache"),
    (OPERATOR, "noctuary_operator.watch.cache", "noctuary_operator.act.workqueue"),
    (OPERATOR, "noctuary_operator.act.workqueue", "noctuary_operator.main"),
    (PURE, "noctuary.analyzers.base", "asyncio"),
    (PURE, "noctuary.analyzers.base", "httpx"),
    (PURE, "noctuary.analyzers.base", "subprocess"),
    ("Analyzers and correlation read no clock", "noctuary.correlation.score", "noctuary.common.clock"),
    (PURE, "noctuary.correlation.score", "noctuary.kube.client"),
    (PURE, "noctuary.correlation.score", "noctuary.store.interface"),
    (PLANS, "noctuary_operator.plan.policy", "noctuary.kube.client"),
    (COUNTS, "noctuary.pagerduty.client", "noctuary.common.metrics"),
    ("The domain knows neither process nor framework", "noctuary.models.details", "starlette"),
    ("The two processes do not know each other", "webhook_receiver.settings", "noctuary_operator.settings"),
    ("Only the command line imports both processes", "webhook_receiver.settings", "noctuary_cli.main"),
    ("The product knows neither tools nor test infrastructure", "noctuary.models.details", "testbed"),
    ("The product knows neither tools nor test infrastructure", "webhook_receiver.settings", "hack"),
    ("Tools that build know no test infrastructure", "hack.lib", "testbed"),
    ("Only noctuary.kube knows the Kubernetes client", "noctuary.sources.posted", "kubernetes"),
    ("The product knows neither tools nor test infrastructure", "noctuary.models.details", "tests"),
    ("Nobody outside the store knows an engine", "webhook_receiver.health", "noctuary.store.sqlite.store"),
    ("Nobody outside the store knows an engine", "noctuary.incidents.timings", "noctuary.store.sqlite.store"),
    ("Only one engine of the store knows SQLite", "noctuary.store.interface", "sqlite3"),
    ("Only the watch of the custom resource knows Kopf", "noctuary_operator.main", "kopf"),
    (
        "HTTP to others goes through the one client, PagerDuty's own module and the receiver's reports",
        "noctuary.incidents.timings",
        "httpx",
    ),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy what the law is about."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.go", "*.sum")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def contracts() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in config["tool"]["importlinter"]["contracts"]]


def plant(root: Path, importer: str, imported: str) -> None:
    base = root / ("operator" if importer.startswith("noctuary_operator") else "") / importer.replace(".", "/")
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    with file.open("a", encoding="utf-8") as source:
        source.write(f"\nimport {imported}\n")


def lint(root: Path) -> str:
    """Return what the linter says of a tree, on one line: its output is folded to a terminal's width."""
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    path = f"{root}:{root / 'operator'}"
    run = subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=root,
        env={"PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join((run.stdout + run.stderr).split())


def test_the_law_holds_in_a_copy_without_a_planted_import(copy: Path) -> None:
    assert f"Contracts: {len(contracts())} kept, 0 broken." in lint(copy)


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTS)
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str, importer: str, imported: str) -> None:
    plant(copy, importer, imported)
    said = lint(copy)
    assert f"{contract} BROKEN" in said
    assert f"{importer} -> {imported}" in said


def test_every_contract_has_a_planted_import() -> None:
    assert {contract for contract, _, _ in PLANTS} == set(contracts())
