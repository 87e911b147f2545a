"""The end of an integration, while another of the same name begins."""

import asyncio
from typing import Any, cast

from noctuary.kube.client import KubeClient
from noctuary_operator.act.apply import Applier
from noctuary_operator.act.removal import Remover
from noctuary_operator.watch.receiver_reports import ReceiverReports
from tests.unit.operating.test_identities import ID, raw, record, view_of


class Played:
    """An API server that answers when it is told to, and what is removed meanwhile."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.removed: list[str] = []

    async def get(self, _path: str, **_more: Any) -> bytes:
        await self.answers.wait()
        return b'{"metadata":{"uid":"new"}}'

    async def remove_routes(self, _id: str) -> None:
        self.removed.append("routes")

    async def remove_record(self, _id: str) -> None:
        self.removed.append("record")

    def forget(self, _id: str) -> None:
        self.removed.append("reports")


async def removed_while(*, taken: bool) -> list[str]:
    view, played = view_of(), Played()
    view.labelled.apply_event("ADDED", record("team", "payments", "old"))
    remover = Remover(
        cast("KubeClient", played),
        view,
        cast("Applier", played),
        cast("ReceiverReports", played),
        lambda _: False,
    )
    removing = asyncio.create_task(remover.remove("old"))
    await asyncio.sleep(0)
    view.integrations.upsert(raw("new"))
    if taken:
        view.identities.bind("new", ID)
    played.answers.set()
    await removing
    return played.removed


async def test_what_one_that_is_made_anew_took_meanwhile_stays() -> None:
    assert await removed_while(taken=True) == []


async def test_what_nobody_took_goes() -> None:
    assert await removed_while(taken=False) == ["routes", "record", "reports"]
