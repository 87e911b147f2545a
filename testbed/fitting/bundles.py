"""Examples from recorded bundles: each is played as `noctuary replay` plays it, and what was observed is kept."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from noctuary.correlation.correlate import observe_and_diagnose
from noctuary.correlation.observations import Observations
from noctuary.incidents import enrichment
from noctuary.models.diagnosis import Diagnosis, IncidentContext
from noctuary_cli.replay.answer import entity_of, kind_of
from noctuary_cli.replay.bundle import bundle_of
from noctuary_cli.replay.run import replay
from testbed.fitting.examples import Example, Grade, example_of

Json = dict[str, Any]
BUNDLES = Path(__file__).resolve().parents[2] / "examples" / "incidents"
TRUTH = "label"


def read_examples(directory: Path = BUNDLES) -> Iterator[Example]:
    """Yield an example of each labelled bundle; none while nothing is recorded there."""
    for path in sorted(directory.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield example_of_bundle(json.loads(line))


def example_of_bundle(told: Json) -> Example:
    """Return the example of one bundle; the product is not shown its truth."""
    shown = {key: value for key, value in told.items() if key != TRUTH}
    base = str(told["id"]).partition("#")[0]
    with _observing() as seen:
        asyncio.run(replay(bundle_of(shown, str(told["id"]), Path())))
    return example_of(base, seen[-1], _grade(told[TRUTH]))


@contextmanager
def _observing() -> Iterator[list[Observations]]:
    """Keep what the product observes while it plays."""
    seen: list[Observations] = []

    def observe(context: IncidentContext) -> tuple[Observations, Diagnosis]:
        observed, diagnosis = observe_and_diagnose(context)
        seen.append(observed)
        return observed, diagnosis

    with patch.object(enrichment, "observe_and_diagnose", observe):
        yield seen


def _grade(label: Json) -> Grade | None:
    """Return what tells how right a cause is: its entity, and its kind as well; None where nothing is to blame."""
    entities = {str(each).lower() for each in (label["entity"], *label.get("also", ())) if each}
    kinds = set(label["kinds"])
    if not entities:
        return None
    return lambda cause: (1 + (kind_of(cause) in kinds)) * (entity_of(cause).lower() in entities)
