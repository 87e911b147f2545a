"""The form of the cases in `cases/changes/`: an object before and after, and what is told of its change."""

from noctuary.models import details
from tests.unit.sources.watched_case import Case, Manifest, manifest


def spec(name: str, content: Manifest | None = None, **metadata: object) -> Manifest:
    """Return an object with a spec."""
    return manifest(name, "shops", **metadata) | {"spec": content or {}}


def told(changed: str = "", fate: str = "changed", **more: object) -> dict[str, object]:
    """Return what is expected of the event of a change."""
    return {
        "event_type": "config_change",
        f"details.{details.FATE}": fate,
        f"details.{details.CHANGED}": changed or None,
        **more,
    }


def changes(resource: str, name: str, before: Manifest, after: Manifest, *words: str, **more: object) -> Case:
    """Return a case of an object that was listed, then changed; without words nothing is told."""
    return Case(name, after, [told(each) | more for each in words], listed={resource: [before]})


def deletion(resource: str, name: str, before: Manifest, **more: object) -> Case:
    """Return a case of an object that was listed, then deleted."""
    return Case(name, before, [told(fate="deleted") | more], change="DELETED", listed={resource: [before]})
