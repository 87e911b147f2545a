"""The environment that a page is run in: a cluster, a PagerDuty, and a shell that does what the page says."""

import asyncio
import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hack.chart.tools import HELM3, find_tool
from testbed.docs.pods import PodsAsProcesses
from testbed.docs.snippets import ROOT
from testbed.docs.tls_proxy import TlsProxy
from testbed.localkube import LocalKube
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import Kube

HOST = "noctuary.example.com"
PAGERDUTY_HOSTS = ("api.pagerduty.com", "api.eu.pagerduty.com")
SERVICES = {"PABC123": "Payments API", "PDEF456": "Checkout"}
"""The PagerDuty services that the pages speak of."""
TEAM = "PTEAM01"
"""The team that they speak of: PagerDuty refuses lists of teams to an account that has none."""
BOT = "oncall-bot@example.com"
IN_REACH = ("charts", "crds", "deploy", "docs", "examples")
"""What a page's commands find in a reader's working directory: the top of a clone."""
STEP_TIMEOUT_S = 240.0

SUBSCRIBE = """#!/usr/bin/env bash
# subscribe NAMESPACE NAME [SCOPE]: what a user does in PagerDuty; prints the signing secret.
set -euo pipefail
url=$(kubectl --namespace "$1" get secret "$2-webhook" --output 'go-template={{.data.url | base64decode}}')
pagerduty subscribe "${url/https:\\/\\/*.example.com/$RECEIVER_URL}" --scope "${3:-account}" | cut -d' ' -f2
"""


class StepFailed(Exception):
    """A command of a page did not do what the page says."""


class PageEnvironment:
    """Runs shell as a reader would type it: in one directory, with variables that stay from block to block."""

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        logs: Callable[[], str] = str,
        *,
        has_pods: bool = False,
        timeout_s: float = STEP_TIMEOUT_S,
    ) -> None:
        self.directory, self.logs, self.has_pods = directory, logs, has_pods
        self._environment, self._timeout_s = dict(environment), timeout_s
        self.api_token = environment["PAGERDUTY_TOKEN"]
        self._variables = directory / "variables"
        self._variables.touch()
        self.work = directory / "work"
        self.work.mkdir()
        for name in IN_REACH:
            shutil.copytree(ROOT / name, self.work / name)

    async def run(self, script: str) -> tuple[int, str]:
        """Run a script; return its exit code and what it printed."""
        variables = shlex.quote(str(self._variables))
        prelude = f"set -euo pipefail; source {variables}; trap 'export -p > {variables}' EXIT; set -a\n"
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", prelude + script,
            cwd=self.work, env=self._environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._timeout_s):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            raise StepFailed(f"not done after {self._timeout_s:.0f} s:\n{script}") from None
        return process.returncode or 0, output.decode()

    async def must(self, script: str) -> str:
        """Run a script that must succeed; return what it printed."""
        code, output = await self.run(script)
        if code:
            raise StepFailed(f"exit code {code} from:\n{script}\n{output}\n{self.logs()}")
        return output


@contextlib.asynccontextmanager
async def page_environment(directory: Path, helm: Path | None = None) -> AsyncIterator[PageEnvironment]:
    """Put up a bare cluster and everything around it, and take it down again."""
    cluster = await asyncio.to_thread(LocalKube, crds=())
    with cluster:
        kube = await Kube.connect(cluster.kubeconfig)
        async with PagerDutySimulator() as pagerduty, contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(kube.close)
            token = create_account(pagerduty)
            ports: dict[str, int] = dict.fromkeys(PAGERDUTY_HOSTS, int(pagerduty.url.rpartition(":")[2]))
            proxy = await stack.enter_async_context(TlsProxy(directory, ports).opened([*PAGERDUTY_HOSTS, HOST]))
            pods = PodsAsProcesses(cluster, kube, directory, proxy.environment())
            ports[HOST] = pods.public_port
            kubelet = asyncio.create_task(pods.run())
            stack.push_async_callback(_ended, kubelet)
            programs = lay_out_programs(directory, cluster.kubectl_path, helm or find_tool(HELM3), pagerduty.url)
            shell = PageEnvironment(
                directory,
                {
                    **_clean_environment(directory),
                    **proxy.environment(),
                    "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                    "KUBECONFIG": str(cluster.kubeconfig),
                    "PAGERDUTY_TOKEN": token,
                    "RECEIVER_URL": f"http://127.0.0.1:{pods.public_port}",
                },
                pods.logs,
            )
            for suffix in (".crt", ".key"):
                shutil.copy((directory / "proxy").with_suffix(suffix), (shell.work / "noctuary").with_suffix(suffix))
            yield shell


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def create_account(pagerduty: PagerDutySimulator) -> str:
    """Make the account that the pages speak of; return its API token."""
    pagerduty.add_user("On-call bot", BOT)
    services = pagerduty.account.services
    for service_id, name in SERVICES.items():
        services[service_id] = replace(services.pop(pagerduty.add_service(name)), id=service_id)
    teams = pagerduty.account.teams
    teams[TEAM] = replace(teams.pop(pagerduty.add_team("Search")), id=TEAM)
    return pagerduty.add_token()


def _clean_environment(directory: Path) -> dict[str, str]:
    home = directory / "home"
    home.mkdir()
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "operator")]),
    }


def lay_out_programs(directory: Path, kubectl: Path, helm: Path, pagerduty_url: str) -> Path:
    """Lay out the programs that pages call, and those that only their hidden steps do."""
    programs = directory / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl)
    (programs / "helm").symlink_to(helm)
    scripts = {
        "noctuary": f'#!/bin/sh\nexec {sys.executable} -m noctuary_cli "$@"\n',
        "pagerduty": f'#!/bin/sh\nexec {sys.executable} -m testbed.pagerduty --url {pagerduty_url} "$@"\n',
        "subscribe": SUBSCRIBE,
    }
    for name, text in scripts.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    return programs
