"""Opens a large store of release 0.2.0: how long the upgrade takes, and that nothing open is lost."""

import argparse
import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from noctuary.store.open import open_store
from noctuary.store.sqlite.store import FILE_NAME

FIXTURE = Path(__file__).resolve().parents[1] / "tests/unit/store/fixtures/release-0.2.0.sqlite"
LIMIT_S = 60.0
"""A pod that takes longer to get ready would be restarted by its startup probe."""
AT = 1_790_000_000.0
EVENT_BYTES = 4_096
DIAGNOSIS_BYTES = 16_384
BATCH = 2_000


def _grow(path: Path, gigabytes: float) -> None:
    """Fill a store of version 1: nine tenths events, the rest incidents with their notes and processed webhooks."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")
    number = 0
    while path.stat().st_size < gigabytes * 1e9:
        connection.execute("BEGIN")
        for _ in range(BATCH):
            number += 1
            _add_event(connection, number)
            if number % 40 == 0:
                _add_incident(connection, number)
        connection.execute("COMMIT")
        if number % (BATCH * 25) == 0:
            print(f"  {path.stat().st_size / 1e9:.1f} GB", file=sys.stderr)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _add_event(connection: sqlite3.Connection, number: int) -> None:
    connection.execute(
        "INSERT INTO events (tenant, source, dedup_key, service_name, timestamp, last_seen, expires_at, count, event)"
        " VALUES ('t', 'api', ?, ?, ?, ?, ?, 1, ?)",
        (f"key-{number}", f"service-{number % 500}", AT, AT, AT + 1e6, os.urandom(EVENT_BYTES)),
    )


def _add_incident(connection: sqlite3.Connection, number: int) -> None:
    name = f"P{number}"
    connection.execute(
        "INSERT INTO incidents SELECT account, ?, integration_id, 0, incident, ? FROM incidents LIMIT 1",
        (name, os.urandom(DIAGNOSIS_BYTES)),
    )
    connection.execute("INSERT INTO notes SELECT account, ?, 0, 0, NULL, note FROM notes LIMIT 1", (name,))
    connection.execute(
        "INSERT INTO inbox (integration_id, webhook_id, token_sha256, received_at, body, due_at, finished_at)"
        " VALUES ('one', ?, 'h', ?, ?, ?, ?)",
        (name, AT, b"x" * 2_000, AT, AT),
    )


async def _upgrade(directory: Path) -> float:
    began = time.monotonic()
    store = await open_store(directory)
    seconds = time.monotonic() - began
    kept = {
        "open incidents": len(await store.open_incident_ids(["one"])),
        "unsent notes": len(await store.claim_notes(10, 60, AT + 100)),
        "baselines": len(await store.baselines()),
        "proven tokens": sum(
            state.proven_token_sha256 is not None for state in await store.integration_states_since(0)
        ),
        "waiting webhooks": len(await store.claim_webhooks(10, 60, AT + 100)),
    }
    await store.close()
    print(f"kept: {', '.join(f'{count} {name}' for name, count in kept.items())}")
    expected = {"open incidents": 3, "unsent notes": 2, "baselines": 1, "proven tokens": 1, "waiting webhooks": 2}
    if kept != expected:
        raise SystemExit(f"expected {expected}")
    return seconds


def main() -> int:
    """Make the store, upgrade it and a small one in the same run, print both times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=3.0)
    parser.add_argument("--directory", type=Path, help="where to make it; a temporary one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as scratch:
        seconds = []
        for name, size in (("small", 0.0), ("large", options.gigabytes)):
            directory = Path(scratch) / name
            directory.mkdir()
            shutil.copy(FIXTURE, directory / FILE_NAME)
            _grow(directory / FILE_NAME, size)
            seconds.append(asyncio.run(_upgrade(directory)))
            print(f"{name}: {(directory / FILE_NAME).stat().st_size / 1e9:.2f} GB upgraded in {seconds[-1]:.2f} s")
    return 0 if seconds[-1] <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
