"""The truth of each scenario under the names of its shop: from its definition, never from an answer."""

import json
from pathlib import Path
from typing import Any

from testbed.evaluation.bundles import DIRECTORY
from testbed.evaluation.recording.shop import shop_of
from testbed.evaluation.registry import SCENARIOS
from testbed.evaluation.scenario import Scenario

Json = dict[str, Any]
LABELS = DIRECTORY / "labels.json"


def truth_of(scenario: Scenario) -> Json:
    """Return a scenario's label with the names of its shop filled in."""
    label, names = scenario.label, shop_of(scenario.id)
    told = {"entity": label.entity, "kinds": label.kinds, "is_change": label.is_change, "also": label.also}
    text = json.dumps(told | {"slices": sorted(label.slices)})
    for role in names._fields:
        text = text.replace("{" + role + "}", getattr(names, role))
    return json.loads(text)  # type: ignore[no-any-return]  # JSON


def truths() -> dict[str, Json]:
    """Return the truths of all scenarios by their ids."""
    return {scenario.id: truth_of(scenario) for scenario in SCENARIOS}


def write_labels(path: Path = LABELS) -> None:
    """Write all truths beside the bundles, for whoever reads these without the project's code."""
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(told)}" for name, told in sorted(truths().items()))
    path.write_text(f"{{\n{lines}\n}}\n")
