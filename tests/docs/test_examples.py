"""Every file of `examples/` is applied as it is, and its integration says what it should."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from testbed.docs.examples import EXPECTED, Manifest, example_files, integration_of, manifests, reasons_of, secrets_of
from testbed.docs.page_environment import PageEnvironment, page_environment
from testbed.docs.reader import RELEASE
from testbed.polling import until

pytestmark = pytest.mark.timeout(400)
POLL_S = 0.5
"""Each question starts kubectl."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def release(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PageEnvironment]:
    """An environment with a release that serves all examples."""
    async with page_environment(tmp_path_factory.mktemp("examples")) as environment:
        await environment.must(RELEASE)
        yield environment


async def settled(environment: PageEnvironment, integration: Manifest, wanted: dict[str, str]) -> dict[str, str]:
    """Wait until an integration has the wanted reasons by condition; return them."""
    where, name = integration["metadata"]["namespace"], integration["metadata"]["name"]

    async def reasons() -> dict[str, str]:
        return reasons_of(yaml.safe_load(await environment.must(f"kubectl -n {where} get pdi {name} -o yaml")))

    return await until(f"{name} has {wanted}", reasons, lambda found: found == wanted, poll_s=POLL_S)


async def applied(environment: PageEnvironment, file: Path) -> Manifest:
    """Do what the head of an example says; return its integration."""
    integration = integration_of(manifests(file))
    secrets = environment.directory / "secrets.yaml"
    secrets.write_text(yaml.safe_dump_all(secrets_of(integration, environment.api_token)))
    await environment.must(f"kubectl create namespace {integration['metadata']['namespace']}")
    await environment.must(f"kubectl apply -f {secrets} && kubectl apply -f examples/{file.name}")
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
async def test_an_example_does_what_it_says(release: PageEnvironment, file: Path) -> None:
    integration = await applied(release, file)
    assert await settled(release, integration, EXPECTED[file.name]) == EXPECTED[file.name]
    await OUTCOMES.get(file.name, nothing_more)(release, integration)


async def nothing_more(_environment: PageEnvironment, _integration: Manifest) -> None:
    """The conditions say all."""


async def rotates(environment: PageEnvironment, _integration: Manifest) -> None:
    await environment.must("kubectl -n team-risk get secret risk-webhook -o jsonpath={.data.url} > before")
    await environment.must('sed \'s/"2026-11-21"/"2026-11-22"/\' examples/token-rotation.yaml | kubectl apply -f -')
    await environment.must("kubectl -n team-risk wait --for=jsonpath='{.status.token.serial}'=2 pdi/risk --timeout=60s")
    await environment.must(
        "kubectl -n team-risk get secret risk-webhook -o jsonpath={.data.url} > after; ! cmp -s before after"
    )


async def misses_consent_without_the_annotation(environment: PageEnvironment, _integration: Manifest) -> None:
    await environment.must("kubectl annotate namespace databases noctuary.io/allow-from-")
    ready = "'{.status.conditions[?(@.type==\"Ready\")].reason}'=ConsentMissing"
    await environment.must(f"kubectl -n team-shop wait --for=jsonpath={ready} pdi/shop --timeout=60s")


async def is_ready(environment: PageEnvironment, _integration: Manifest) -> None:
    await environment.must("kubectl -n team-logistics wait --for=condition=Ready pdi/logistics --timeout=60s")


OUTCOMES = {
    "token-rotation.yaml": rotates,
    "several-services.yaml": misses_consent_without_the_annotation,
    "eu-outbound.yaml": is_ready,
}
