"""A capture lists all that the receiver may read, and hides no field that the product reads a name from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.specs.kinds import CLUSTER_KINDS, SPEC_KINDS
from noctuary_cli.capture.kinds import LEASES, NAMESPACED, NAMESPACES, NODES, VOLUMES, WHOLE
from noctuary_cli.capture.redaction.objects import DROPPED, FREE

RBAC = Path(__file__).parents[4] / "charts/noctuary/files/rbac"
CAPTURED = {each.resource for each in (*NAMESPACED, *WHOLE, NODES, VOLUMES, NAMESPACES, LEASES)}
READ_OTHERWISE = {"pods/log"}
"""A capture reads logs as well, which are no objects."""
NOT_OF_TEXT = {"rules", "value", "values"}
"""Lists of objects, what a label says, or a quantity: only another text of this name is hidden."""


def granted() -> Iterator[str]:
    """Yield the resources that the receiver may list or read in the namespaces that it looks at."""
    for path in RBAC.glob("receiver-*role.yaml"):
        for document in yaml.safe_load_all(path.read_text().replace("__", "x")):
            for rule in document.get("rules") or []:
                yield from rule["resources"]


def test_all_that_the_receiver_may_read_is_captured() -> None:
    assert "pods" in {*granted()}
    assert {*granted()} - CAPTURED - READ_OTHERWISE == set()


def texts_of(kind: Any, seen: set[Any]) -> Iterator[str]:
    """Yield the names of all fields of a struct and of the structs in it."""
    for part in get_args(kind):
        yield from texts_of(part, seen)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        for field in msgspec.structs.fields(kind):
            yield field.encode_name
            yield from texts_of(field.type, seen)


@pytest.mark.parametrize("kind", [*WATCHED_KINDS, *SPEC_KINDS, *CLUSTER_KINDS], ids=lambda kind: kind.resource)
def test_no_field_that_is_read_of_a_kind_is_hidden(kind: Any) -> None:
    assert {*texts_of(kind.kind, set())} & (DROPPED | FREE) - NOT_OF_TEXT == set()
