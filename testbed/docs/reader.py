"""Run one page in its environment, snippet by snippet, as its reader would."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from noctuary.common.metrics import Metrics
from noctuary_operator.metrics import OperatorMetrics
from testbed.docs.compare import matches
from testbed.docs.kinds import Kind, classified
from testbed.docs.page_environment import PageEnvironment, StepFailed
from testbed.docs.snippets import ROOT, Snippet, snippets
from testbed.stage.user import integration

SETTLE_S = 90.0
"""How long an output may take to become what the page shows, where the commands only read."""
POLL_S = 0.5
WHOLE = range(1, 1_000_000)
"""The lines of any page."""
_READS = re.compile(
    r"^(kubectl (.*)?(get|describe|explain|wait|auth can-i)|helm (list|status|get)|pagerduty (show|list)) "
)
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
INSTALL = ROOT / "docs" / "install.md"


def _install_commands() -> str:
    """Return what the page on installing writes and types until its release runs."""
    values, *_ = (each for each in snippets(INSTALL) if each.title)
    commands, *_ = (each for each in snippets(INSTALL) if each.text.startswith("helm install"))
    return f"cat > {values.title} <<'END'\n{values.text}\nEND\n{commands.text}"


RELEASE = _install_commands()
UPGRADE = (
    "helm upgrade noctuary charts/noctuary --namespace noctuary --values noctuary.yaml --values more.yaml"
    " --wait --timeout 180s"
)
"""What the page on installing says of its blocks of values, waited for."""
APPLY_CRDS = "kubectl apply --server-side -f crds"
STARTS = {"nothing": "true", "a release": RELEASE}


def exported_metrics() -> dict[str, str]:
    """Return every name that a query may use, with the type of its metric."""
    families = [*Metrics().registry.collect(), *OperatorMetrics().registry.collect()]
    return {family.name + suffix: family.type for family in families for suffix in _SUFFIXES[family.type]}


def unknown_metrics(query: str) -> set[str]:
    """Return the names in a query that nobody exports."""
    if query.count("(") != query.count(")") or query.count("{") != query.count("}"):
        return {"(unbalanced)"}
    return set(re.findall(r"noctuary_[a-z_]+", query)) - set(exported_metrics())


class Reader:
    """Follows a page; remembers the last shell, because an output belongs to it."""

    def __init__(self, environment: PageEnvironment, progress: Callable[[str], None] = lambda _: None) -> None:
        self._environment, self._progress = environment, progress
        self._last: tuple[str, str] = ("", "")
        self._handlers: dict[Kind, Callable[[Snippet], Awaitable[None]]] = {
            Kind.SHELL: self._shell,
            Kind.OUTPUT: self._output,
            Kind.FILE: self._file,
            Kind.MANIFEST: self._manifest,
            Kind.SPEC: self._spec,
            Kind.VALUES: self._values,
            Kind.JSON: self._json,
            Kind.PROMQL: self._promql,
        }
        if environment.has_pods:
            self._handlers |= {Kind.MACHINE: self._shell, Kind.VALUES: self._upgrade}

    async def read(self, page: Path, lines: range = WHOLE) -> None:
        """Do what the page says, or some of its lines; StepFailed names the line that does not hold."""
        for snippet, kind in classified(page):
            if snippet.line not in lines:
                continue
            handler = self._handlers.get(kind) if kind else None
            if handler is None:
                continue
            try:
                await handler(snippet)
            except StepFailed as error:
                raise StepFailed(f"{snippet.where} ({kind}): {error}") from None

    async def _shell(self, snippet: Snippet) -> None:
        if snippet.mark == "without pods" and self._environment.has_pods:
            return
        code, output = await self._environment.run(snippet.text)
        self._progress(f"--- {snippet.where}\n{snippet.text}\n---\n{output}")
        if (code != 0) != (snippet.mark == "fails"):
            raise StepFailed(f"exit code {code} from\n{snippet.text}\n\n{output}\n{self._environment.logs()}")
        self._last = (snippet.text, output)

    async def _output(self, snippet: Snippet) -> None:
        script, output = self._last
        ends = asyncio.get_running_loop().time() + SETTLE_S
        while not matches(snippet.text, output):
            if not _only_reads(script) or asyncio.get_running_loop().time() > ends:
                raise StepFailed(f"shown is\n{snippet.text}\n\nprinted was\n{output}\n{self._environment.logs()}")
            await asyncio.sleep(POLL_S)
            _, output = await self._environment.run(script)

    async def _file(self, snippet: Snippet) -> None:
        (self._environment.work / str(snippet.title)).write_text(snippet.text + "\n", encoding="utf-8")

    async def _manifest(self, snippet: Snippet) -> None:
        await self._offer([each for each in yaml.safe_load_all(snippet.text) if each])

    async def _spec(self, snippet: Snippet) -> None:
        plain = integration("default", "example", api_url="https://api.pagerduty.com", service="a", service_id="P1")
        changes = yaml.safe_load(snippet.text)
        await self._offer([{**plain, "spec": merged(plain["spec"], changes.get("spec", changes))}])

    async def _offer(self, manifests: list[dict[str, Any]]) -> None:
        for namespace in {each["metadata"].get("namespace") for each in manifests} - {None}:
            await self._environment.run(f"kubectl create namespace {namespace}")
        file = self._environment.directory / "offered.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}), encoding="utf-8")
        await self._environment.must(f"kubectl apply --server-side --field-manager=page --dry-run=server -f {file}")

    async def _values(self, snippet: Snippet) -> None:
        file = self._environment.directory / "values.yaml"
        file.write_text(snippet.text, encoding="utf-8")
        await self._environment.must(f"helm template noctuary charts/noctuary --values {file}")

    async def _upgrade(self, snippet: Snippet) -> None:
        (self._environment.work / "more.yaml").write_text(snippet.text + "\n", encoding="utf-8")
        self._progress(f"--- {snippet.where}\n{snippet.text}\n---\n{await self._environment.must(UPGRADE)}")

    async def _json(self, snippet: Snippet) -> None:
        json.loads(snippet.text)

    async def _promql(self, snippet: Snippet) -> None:
        if unknown := unknown_metrics(snippet.text):
            raise StepFailed(f"no such metric: {', '.join(sorted(unknown))}")


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge as a JSON merge patch does."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return {key: value for key, value in result.items() if value is not None}


def _only_reads(script: str) -> bool:
    commands = script.replace("\\\n", " ").strip().splitlines()
    return all(_READS.match(command) for command in commands if not command.startswith("#"))
