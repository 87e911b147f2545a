"""Every file of `examples/` is applied as it is, and its integration says what it should."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from testbed.docs.desk import Desk, desk
from testbed.docs.examples import EXPECTED, Manifest, example_files, integration_of, manifests, reasons_of, secrets_of
from testbed.docs.reader import RELEASE

pytestmark = pytest.mark.timeout(400)
DEADLINE_S = 120.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def release(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk with a release that serves all examples."""
    async with desk(tmp_path_factory.mktemp("examples")) as own:
        await own.must(RELEASE)
        yield own


async def said(own: Desk, integration: Manifest, wanted: dict[str, str]) -> dict[str, str]:
    """Wait until an integration says what is wanted; return the last it said."""
    where, name = integration["metadata"]["namespace"], integration["metadata"]["name"]
    ends = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        reasons = reasons_of(yaml.safe_load(await own.must(f"kubectl -n {where} get pdi {name} -o yaml")))
        if reasons == wanted or asyncio.get_running_loop().time() > ends:
            return reasons
        await asyncio.sleep(0.5)


async def applied(own: Desk, file: Path) -> Manifest:
    """Do what the head of an example says; return its integration."""
    integration = integration_of(manifests(file))
    secrets = own.directory / "secrets.yaml"
    secrets.write_text(yaml.safe_dump_all(secrets_of(integration, own.api_token)))
    await own.must(f"kubectl create namespace {integration['metadata']['namespace']}")
    await own.must(f"kubectl apply -f {secrets} && kubectl apply -f examples/{file.name}")
    return integration


def test_every_example_has_its_outcome_and_every_outcome_its_example() -> None:
    assert [file.name for file in example_files()] == sorted(EXPECTED)


@pytest.mark.parametrize("file", example_files(), ids=lambda file: file.name)
def test_an_example_says_first_what_it_is_for_and_how_to_try_it(file: Path) -> None:
    head = file.read_text().partition("\napiVersion")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert f"kubectl apply --filename examples/{file.name}" in head


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("file", example_files(), ids=lambda file: file.name)
async def test_an_example_does_what_it_says(release: Desk, file: Path) -> None:
    integration = await applied(release, file)
    assert await said(release, integration, EXPECTED[file.name]) == EXPECTED[file.name]
    await OUTCOMES.get(file.name, nothing_more)(release, integration)


async def nothing_more(_own: Desk, _integration: Manifest) -> None:
    """The conditions say all."""


async def rotates(own: Desk, _integration: Manifest) -> None:
    await own.must("kubectl -n team-risk get secret risk-webhook -o jsonpath={.data.url} > before")
    await own.must('sed \'s/"2026-11-21"/"2026-11-22"/\' examples/token-rotation.yaml | kubectl apply -f -')
    await own.must("kubectl -n team-risk wait --for=jsonpath='{.status.token.serial}'=2 pdi/risk --timeout=60s")
    await own.must(
        "kubectl -n team-risk get secret risk-webhook -o jsonpath={.data.url} > after; ! cmp -s before after"
    )


async def misses_consent_without_the_annotation(own: Desk, _integration: Manifest) -> None:
    await own.must("kubectl annotate namespace databases noctuary.io/allow-from-")
    ready = "'{.status.conditions[?(@.type==\"Ready\")].reason}'=ConsentMissing"
    await own.must(f"kubectl -n team-shop wait --for=jsonpath={ready} pdi/shop --timeout=60s")


async def is_ready(own: Desk, _integration: Manifest) -> None:
    await own.must("kubectl -n team-logistics wait --for=condition=Ready pdi/logistics --timeout=60s")


OUTCOMES = {
    "token-rotation.yaml": rotates,
    "several-services.yaml": misses_consent_without_the_annotation,
    "eu-outbound.yaml": is_ready,
}
