"""What one tenant can make the operator hold: Secrets with our label, resources as heavy as the schema allows."""

import asyncio
import json
from typing import Any

from hack.lib.cache import Progress
from noctuary.common.errors import KubernetesError
from testbed.attack.accounts import Accounts
from testbed.attack.floods.limits import limit_megabytes, peak_megabytes
from testbed.attack.place import Place
from testbed.attack.table import Row
from testbed.attack.tenant import Tenant, encoded
from testbed.stage.kube import GROUP, PLURAL

LABELS = {"noctuary.io/integration-id": "11111111-2222-3333-4444-555555555555", "noctuary.io/role": "webhook-secret"}
SECRETS = 600
SECRET_BYTES = 900_000
"""Below the 1 MiB that the API server allows."""
HEAVY = 90
AT_ONCE = 4
NAME = "operator-memory"


async def flood_operator(place: Place, accounts: Accounts, report: Progress) -> Row:
    """Fill a tenant's namespace, restart the operator, and let another tenant declare an integration meanwhile."""
    account = accounts.add("heavy")
    heavy, other = await place.tenant("heavy", account), await place.tenant("other", account)
    row = Row(
        NAME,
        f"{SECRETS} labelled Secrets of 0.9 MB, {HEAVY} heavy resources",
        rss_limit_mb=limit_megabytes("operator"),
    )
    kept = await _each(SECRETS, lambda number: _put_secret(heavy, number))
    report(f"{NAME}: {kept} Secrets written")
    made = await _each(HEAVY, lambda number: _put_heavy(heavy, accounts.url, number))
    report(f"{NAME}: {made} heavy resources written")
    await asyncio.to_thread(place.release.operator.stop)
    place.release.operator.start()
    await _declare_other(other, accounts, row)
    row.remarks.append(f"{kept} Secrets and {made} heavy resources were taken by the API server")
    weigh_operator(place, row)
    return row


def weigh_operator(place: Place, row: Row) -> None:
    """Note the most that the operator ever held, or that it ended."""
    if place.release.operator.running:
        row.rss_mb = peak_megabytes(place.release.operator.pid)
    else:
        row.effects.append("the operator ended")


async def _declare_other(other: Tenant, accounts: Accounts, row: Row) -> None:
    service = other.account.add_service("other")
    try:
        await other.declare(other.manifest("other", accounts.url, "other", service))
        await other.wait_ready("other", await other.subscribe("other", service))
    except TimeoutError as error:
        row.effects.append(f"another tenant's integration does not become Ready: {error}")


async def _each(count: int, put: Any) -> int:
    """Put many, some at a time; return how many the API server took."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> bool:
        async with slots:
            try:
                await put(number)
            except KubernetesError:
                return False
            return True

    return sum(await asyncio.gather(*(one(number) for number in range(count))))


async def _put_secret(tenant: Tenant, number: int) -> None:
    metadata = {"name": f"heavy-{number}", "namespace": tenant.namespace, "labels": LABELS}
    data = encoded({"token": "t" * (SECRET_BYTES * 3 // 4)})
    path = f"/api/v1/namespaces/{tenant.namespace}/secrets"
    await tenant.kube.client.create(path, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


async def _put_heavy(tenant: Tenant, api_url: str, number: int) -> None:
    """Write a resource of nearly 1 MB: every list and text as long as the schema allows."""
    manifest = tenant.manifest(f"heavy-{number}", api_url, "heavy", "PHEAVY1", services=_heavy_services())
    annotations = {f"example.com/a{index}": "a" * 4096 for index in range(32)}
    manifest["spec"]["webhook"]["route"]["annotations"] = annotations
    path = f"{GROUP}/namespaces/{tenant.namespace}/{PLURAL}"
    await tenant.kube.client.create(path, json.loads(json.dumps(manifest)))


def _heavy_services() -> list[dict[str, Any]]:
    labels = {f"example.com/l{index}": "v" * 63 for index in range(16)}
    return [
        {
            "name": f"{index:02d}" + "s" * 250,
            "pagerDutyServiceID": f"P{index:031d}",
            "selector": {"matchLabels": labels},
            "namespaces": [f"n{index:02d}-{other:02d}" + "n" * 57 for other in range(20)],
            "dependsOn": [f"{other:02d}" + "d" * 250 for other in range(50)],
        }
        for index in range(50)
    ]
