"""What those who ask at the receiver's internal port cost, however many they are."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.core import GaugeMetricFamily

from tests.unit.receiver.door import Door
from webhook_receiver.deps import Deps
from webhook_receiver.routes import internal

ASKING = 40


class Counted:
    """Counts how often the metrics were written and the store was asked for a commit."""

    def __init__(self, deps: Deps) -> None:
        self.renderings = self.probes = -1
        self._probe = deps.store.probe
        deps.store.probe = self.probe  # type: ignore[method-assign]
        deps.metrics.registry.register(self)
        self.renderings = self.probes = 0

    async def probe(self) -> None:
        self.probes += 1
        await self._probe()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        self.renderings += 1
        yield GaugeMetricFamily("renderings", "How often.", value=self.renderings)


@pytest.mark.parametrize(("max_age_s", "expected"), [(3600.0, (1, 1)), (0.0, (3, 3))])
async def test_all_who_ask_within_a_moment_cost_one_rendering_and_one_commit(
    door: Door, monkeypatch: pytest.MonkeyPatch, max_age_s: float, expected: tuple[int, int]
) -> None:
    for name in ("MAX_SCRAPE_AGE_S", "MAX_READINESS_AGE_S"):
        monkeypatch.setattr(internal, name, max_age_s)
    counted = Counted(door.deps)
    transport = httpx.ASGITransport(internal.create_internal_app(door.deps))
    async with httpx.AsyncClient(transport=transport, base_url="http://internal") as client:
        for path in ("/metrics", "/readyz"):
            for _ in range(2):
                assert (await client.get(path)).status_code == 200
            answers = await asyncio.gather(*(client.get(path) for _ in range(ASKING)))
            assert {answer.status_code for answer in answers} == {200}
    assert (counted.renderings, counted.probes) == expected


async def test_beside_half_heads_the_internal_port_answers_the_same_address(door: Door) -> None:
    for _ in range(50):
        await (await door.internal_sender()).send(b"GET /healthz HTTP/1.1\r\nx: ")
    assert await door.is_healthy()
    assert door.met("connections") > 0
