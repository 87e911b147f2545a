"""What one account asked of the API server, counted from the audit log."""

from collections import Counter
from pathlib import Path

import msgspec

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  userGroups: ["system:serviceaccounts:{namespace}"]
- level: None
"""


class _User(msgspec.Struct):
    username: str


class _Object(msgspec.Struct, frozen=True):
    resource: str = ""
    subresource: str = ""


class _Entry(msgspec.Struct, rename="camel"):
    verb: str
    user: _User
    object_ref: _Object = _Object()


class Audit:
    """Flags for an API server that writes an audit log, and the counts since the last look."""

    def __init__(self, directory: Path, namespace: str) -> None:
        self._log = directory / "audit.log"
        self._policy = directory / "audit-policy.yaml"
        self._policy.write_text(POLICY.format(namespace=namespace))
        self._read = 0

    @property
    def flags(self) -> list[str]:
        """The flags of the API server."""
        return [f"--audit-policy-file={self._policy}", f"--audit-log-path={self._log}"]

    def new_counts(self) -> Counter[str]:
        """Count `verb resource[/subresource]` of what came since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines = log.read().splitlines()
            self._read = log.tell()
        counts: Counter[str] = Counter()
        for line in lines:
            entry = msgspec.json.decode(line, type=_Entry)
            target = entry.object_ref.resource + (
                f"/{entry.object_ref.subresource}" if entry.object_ref.subresource else ""
            )
            counts[f"{entry.verb} {target}"] += 1
        return counts


def writes(counts: Counter[str]) -> dict[str, int]:
    """Return the writes, leases left out: they beat with time, not with work."""
    return {what: count for what, count in counts.items() if what.split()[0] in WRITES and "leases" not in what}


def gets(counts: Counter[str]) -> dict[str, int]:
    """Return the reads of single objects, leases left out."""
    return {what: count for what, count in counts.items() if what.startswith("get ") and "leases" not in what}
