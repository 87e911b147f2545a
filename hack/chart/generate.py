"""Write what is made from other files, or say which of it differs."""

from pathlib import Path

from hack.chart.crds import crd_templates
from hack.chart.dashboard import dashboard
from hack.chart.event_pages import event_pages
from hack.chart.paths import CHART
from hack.chart.readme import readme
from hack.chart.reference import reference_pages
from hack.chart.replay_page import replay_page


def generated() -> dict[Path, str]:
    """Return the text of each file that is made from others; needs no Helm."""
    templates = {CHART / "templates" / name: text for name, text in crd_templates().items()}
    own = {CHART / "README.md": readme(), CHART / "files" / "dashboard.json": dashboard()}
    return {**templates, **own, **reference_pages(), **event_pages(), **replay_page()}


def write(files: dict[Path, str]) -> list[Path]:
    """Write what differs; return which files those were."""
    changed = stale(files)
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    return changed


def stale(files: dict[Path, str]) -> list[Path]:
    """Return the files whose text is not what would be made now."""
    return [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
