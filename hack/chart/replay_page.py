"""Make the reference page of `noctuary replay`: the form of a bundle, the kinds of causes, what may be shown."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hack.chart.event_pages import filled, table
from hack.chart.paths import ROOT
from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.registry import ANALYZERS
from noctuary.common.values_policy import HOST_WORDS, LAST_SECRET_WORDS, SECRET_ENDS, SECRET_PARTS, SECRET_WORDS
from noctuary_cli.capture.kinds import CONTROL_PLANE, NAMESPACED, NODES, VOLUMES, WHOLE
from noctuary_cli.capture.logs import MAX_LOG_BYTES, MAX_LOGS, TAIL_LINES
from noctuary_cli.capture.redaction.metadata import KEPT_ANNOTATIONS
from noctuary_cli.replay.answer import CHANGE_KINDS, RESTART

PAGE = "replay.md"
CHANGES = {
    "rollout": "A new template of a workload was rolled out, or another system deployed a version.",
    RESTART: "The pods of a workload were made anew with the template that they had.",
    "scaling": "The number of replicas was changed, by a person or an autoscaler; a deleted workload has none.",
    "config_change": "A configuration was changed: of the cluster's objects, or as another system posted it.",
    "flag_change": "A feature flag was changed, as another system posted it.",
    "schema_change": "The schema of a database was changed, as another system posted it.",
}
"""What each kind of change is."""


def replay_page() -> dict[Path, str]:
    """Return the text of the page."""
    facts = {
        "fault_kinds": table(["kind", "what it is"], ([f"`{each.kind}`", _meaning(each)] for each in ANALYZERS)),
        "change_kinds": table(["kind", "what it is"], ([f"`{kind}`", CHANGES[kind]] for kind in change_kinds())),
        "secret_parts": _listed(SECRET_PARTS),
        "secret_words": _listed(SECRET_WORDS),
        "secret_ends": _listed(SECRET_ENDS),
        "last_secret_words": _listed(LAST_SECRET_WORDS),
        "host_words": _listed(HOST_WORDS),
        "annotations": _listed(KEPT_ANNOTATIONS),
        "captured": ", ".join(each.kind for each in (*NAMESPACED, NODES, VOLUMES, *WHOLE)),
        "leases": _listed(CONTROL_PLANE),
        "tail_lines": str(TAIL_LINES),
        "log_size": f"{MAX_LOG_BYTES // 1024} KiB",
        "max_logs": str(MAX_LOGS),
    }
    return {ROOT / "docs" / "reference" / PAGE: filled(PAGE, facts)}


def change_kinds() -> Iterator[str]:
    """Yield the kinds of changes that an answer can name."""
    yield from dict.fromkeys([*CHANGE_KINDS.values(), RESTART])


def _meaning(analyzer: Analyzer) -> str:
    """Return the first sentence of the file that a kind of fault stands in."""
    return (sys.modules[type(analyzer).__module__].__doc__ or "").partition("\n")[0]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))
