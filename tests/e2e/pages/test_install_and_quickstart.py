"""The pages of a newcomer, read from top to bottom on an empty cluster with pods: `make docs-kind`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from testbed.docs.kind_environment import KindPages, kind_pages
from testbed.docs.reader import INSTALL, Reader
from testbed.docs.snippets import ROOT
from testbed.e2e.kubectl import CommandFailedError, Kubectl
from testbed.kind.state import ClusterRecord
from testbed.polling import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(2400)]
QUICK_START = ROOT / "docs" / "quickstart.md"
GO_ON = next(
    number for number, line in enumerate(INSTALL.read_text().splitlines(), 1) if "Go on with the [quick start]" in line
)
"""Where the page on installing sends its reader away; the rest of it is read afterwards, and ends the release."""
INTEGRATION = {
    "apiVersion": "noctuary.io/v1alpha1",
    "kind": "PagerDutyIntegration",
    "metadata": {"name": "search"},
    "spec": {
        "direction": "inbound",
        "webhook": {
            "host": "noctuary.example.com",
            "route": {"type": "Ingress", "ingressClassName": "nginx", "tls": {"secretName": "noctuary-tls"}},
            "subscription": {
                "management": "Manual",
                "scope": {"type": "account"},
                "signingSecretRef": {"name": "search-signing", "key": "secret"},
            },
        },
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(facts: ClusterRecord, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KindPages]:
    """A reader who has followed the page on installing to where it sends him to the quick start."""
    if facts.image or not facts.https_port:
        pytest.skip("the pages build and push the image and install the release themselves: run `make docs-kind`")
    async with kind_pages(tmp_path_factory.mktemp("pages"), facts) as pages:
        await Reader(pages.shell, progress=print).read(INSTALL, range(1, GO_ON))
        await pages.lead_to_pagerduty("noctuary")
        yield pages


class Deployer:
    """Somebody who holds the token of an account with a RoleBinding to `edit` in one namespace, and nothing else."""

    def __init__(self, kubectl: Kubectl, namespace: str, directory: Path) -> None:
        self.namespace = namespace
        where = f"--namespace={namespace}"
        kubectl("create", "serviceaccount", "deployer", where)
        account = f"--serviceaccount={namespace}:deployer"
        kubectl("create", "rolebinding", "deployer", "--clusterrole=edit", account, where)
        config = yaml.safe_load(Path(kubectl.facts.kubeconfig).read_text())
        config["users"][0]["user"] = {"token": kubectl("create", "token", "deployer", where).strip()}
        (directory / "kubeconfig").write_text(yaml.safe_dump(config))
        self._kubectl, self._config = kubectl, f"--kubeconfig={directory / 'kubeconfig'}"

    def __call__(self, *arguments: str, namespace: str = "", text: str = "") -> str:
        """Run kubectl with that token; the flag that comes last counts."""
        return self._kubectl(*arguments, f"--namespace={namespace or self.namespace}", self._config, text=text)


@pytest.fixture
def deployer(kubectl: Kubectl, namespace: str, tmp_path: Path) -> Deployer:
    """The deployer of a namespace that goes after the test."""
    return Deployer(kubectl, namespace, tmp_path)


async def test_the_release_that_the_page_installs_runs_the_image_that_the_page_pushed(
    pages: KindPages, kubectl: Kubectl
) -> None:
    pods = kubectl.list("pods", "noctuary")
    statuses = [(each["image"], each["ready"]) for pod in pods for each in pod["status"]["containerStatuses"]]
    assert statuses == [("registry.example.com/noctuary:0.2.0", True)] * 2


async def test_the_quick_start_does_what_it_says(pages: KindPages) -> None:
    await Reader(pages.shell, progress=print).read(QUICK_START)


async def test_whoever_edits_a_namespace_creates_reads_and_deletes_an_integration_in_it(
    pages: KindPages, kubectl: Kubectl, deployer: Deployer
) -> None:
    deployer("create", "--filename=-", text=json.dumps(INTEGRATION))
    read = eventually("its status", lambda: ready_of(deployer("get", "pdi", "search", "--output=json")))
    assert read["reason"] == "SigningSecretMissing"
    assert kubectl.find("secret", "search-webhook", deployer.namespace)
    deployer("delete", "pdi", "search")
    eventually("its Secret is gone", lambda: not kubectl.find("secret", "search-webhook", deployer.namespace), bool)


@pytest.mark.parametrize("arguments", [["get", "pdi"], ["create", "--filename=-"]], ids=lambda each: each[0])
async def test_whoever_edits_a_namespace_has_nothing_to_say_in_another(
    pages: KindPages, deployer: Deployer, arguments: list[str]
) -> None:
    with pytest.raises(CommandFailedError, match="Forbidden"):
        deployer(*arguments, namespace="default", text=json.dumps(INTEGRATION))


async def test_the_rest_of_the_page_on_installing_does_what_it_says(pages: KindPages) -> None:
    await Reader(pages.shell, progress=print).read(INSTALL, range(GO_ON, 1_000_000))


def ready_of(printed: str) -> dict[str, Any] | None:
    """Return the condition Ready of what kubectl printed."""
    conditions = json.loads(printed).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Ready"), None)
