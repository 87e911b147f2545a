"""Run a Prometheus over series that were written before."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from hack.lib.cache import Progress
from testbed.ports import free_port
from testbed.prometheus.programs import program

READY_S = 60.0
"""It replays nothing and scrapes nobody: seconds, on a busy machine more."""
BACKFILL_S = 120.0
Sample = tuple[str, float, float]
"""A series as it is written, `name{label="value"}`, its time and its value."""


@asynccontextmanager
async def running(place: Path, samples: Iterable[Sample], progress: Progress) -> AsyncIterator[str]:
    """Yield the address of a Prometheus that holds the samples; it ends with the context."""
    data, port = place / "data", free_port()
    _backfill(place, data, samples, progress)
    (place / "prometheus.yml").write_text("{}\n")
    url = f"http://127.0.0.1:{port}"
    arguments = [
        program("prometheus", progress),
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (place / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*arguments, stdout=log, stderr=log)
        try:
            await _until_ready(url)
            yield url
        finally:
            process.terminate()
            await process.wait()


def _backfill(place: Path, data: Path, samples: Iterable[Sample], progress: Progress) -> None:
    text = place / "samples.txt"
    lines = [f"{series} {value} {at:.0f}" for series, at, value in sorted(samples)]
    text.write_text("\n".join([*lines, "# EOF", ""]))
    arguments = [program("promtool", progress), "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    subprocess.run(arguments, check=True, capture_output=True, timeout=BACKFILL_S)


async def _until_ready(url: str) -> None:
    async with asyncio.timeout(READY_S), httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(f"{url}/-/ready")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
