"""The chart with default values, really installed, both programs at work under its Roles and admission policy."""

import json
from collections.abc import Awaitable, Callable

import pytest

from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster, LocalKubeError
from testbed.log_lines import forbidden_lines
from testbed.polling import until
from testbed.stage.stage import Stage

Install = Callable[..., Awaitable[Stage]]
KIND = "pagerdutyintegration"


@pytest.mark.timeout(300)
async def test_a_default_release_does_its_job_and_may_write_no_secret_of_others(
    cluster: Cluster, installed: Install
) -> None:
    names = random_names()
    stage = await installed()
    walkthrough = Walkthrough(stage, names, print)
    try:
        assert await check_note(walkthrough, await walkthrough.run()) == []
    finally:
        await walkthrough.end()
    operator = f"--as=system:serviceaccount:{stage.release.namespace}:noctuary-operator"
    with pytest.raises(LocalKubeError, match="Noctuary's operator writes Secrets"):
        cluster.kubectl("create", "secret", "generic", "any", f"--namespace={names.namespace}", operator)
    assert forbidden_lines(stage.release.operator.log) == []


@pytest.mark.timeout(300)
async def test_rotation_repair_and_deletion_pass_the_admission_policy(cluster: Cluster, installed: Install) -> None:
    names = random_names()
    stage = await installed()
    await stage.declare(names.namespace, names.service)
    where, secret = f"--namespace={names.namespace}", f"{names.service}-webhook"

    async def read() -> dict[str, str]:
        return await stage.kube.read_secret(names.namespace, secret) or {}

    before = await read()
    cluster.kubectl("delete", "secret", secret, where)
    await until("a deleted Secret comes back", lambda: _differs(read, before))
    cluster.kubectl("label", "secret", secret, where, "noctuary.io/role-")
    await until("a label comes back", lambda: _labelled(cluster, secret, where))
    rotate = json.dumps({"spec": {"webhook": {"token": {"rotateRequest": "now"}}}})
    before = await read()
    cluster.kubectl("patch", KIND, names.service, where, "--type=merge", "--patch", rotate)
    await until("the token is another one", lambda: _differs(read, before))
    cluster.kubectl("delete", KIND, names.service, where)
    await until("the routing record is gone", lambda: _gone(cluster, stage.release.namespace))
    assert forbidden_lines(stage.release.operator.log) == []


async def _differs(read: Callable[[], Awaitable[dict[str, str]]], before: dict[str, str]) -> bool:
    now = await read()
    return bool(now.get("token")) and now["token"] != before["token"]


async def _labelled(cluster: Cluster, secret: str, where: str) -> bool:
    labels = cluster.kubectl("get", "secret", secret, where, "-o", "jsonpath={.metadata.labels}")
    return "noctuary.io/role" in labels


async def _gone(cluster: Cluster, namespace: str) -> bool:
    chosen = "--selector=noctuary.io/role=routing-record"
    return cluster.kubectl("get", "secrets", f"--namespace={namespace}", chosen, "-o", "name") == ""
