"""The quota that the documentation offers for a team's namespace, on a real API server."""

import copy
import json
from typing import Any

import pytest
import yaml

from testbed.docs.kinds import Kind, classified
from testbed.docs.snippets import ROOT
from testbed.localkube import Cluster, LocalKubeError
from testbed.manifests import integration
from testbed.operating.team import SPEC
from testbed.polling import eventually

INTEGRATIONS = "count/pagerdutyintegrations.noctuary.io"
SECRETS = "count/secrets"


def documented_quota() -> dict[str, Any]:
    manifests = [s.text for s, kind in classified(ROOT / "docs" / "security.md") if kind is Kind.MANIFEST]
    found: dict[str, Any] = next(each for each in map(yaml.safe_load, manifests) if each["kind"] == "ResourceQuota")
    return found


def put(cluster: Cluster, namespace: str, manifest: dict[str, Any]) -> str:
    return cluster.kubectl("create", f"--namespace={namespace}", "-f-", input=json.dumps(manifest))


@pytest.fixture
def quota(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """The documented quota, with room for one of each, in force."""
    small = copy.deepcopy(documented_quota())
    assert small["spec"]["hard"].keys() == {INTEGRATIONS, SECRETS}
    small["spec"]["hard"] = {INTEGRATIONS: "1", SECRETS: "1"}
    small["metadata"]["namespace"] = namespace
    put(cluster, namespace, small)

    def counted() -> dict[str, str]:
        found = cluster.kubectl("get", "resourcequota", f"--namespace={namespace}", "-o", "json")
        used: dict[str, str] = json.loads(found)["items"][0].get("status", {}).get("used", {})
        return used

    eventually("the quota is counted", counted, lambda used: used.keys() == {INTEGRATIONS, SECRETS})
    return small


@pytest.mark.usefixtures("quota")
def test_a_namespace_takes_as_many_integrations_as_its_quota_says(cluster: Cluster, namespace: str) -> None:
    put(cluster, namespace, integration("first", namespace, SPEC))
    with pytest.raises(LocalKubeError, match="exceeded quota"):
        put(cluster, namespace, integration("second", namespace, SPEC))


@pytest.mark.usefixtures("quota")
def test_a_namespace_takes_as_many_secrets_as_its_quota_says(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "secret", "generic", "first", f"--namespace={namespace}")
    with pytest.raises(LocalKubeError, match="exceeded quota"):
        cluster.kubectl("create", "secret", "generic", "second", f"--namespace={namespace}")
