"""What git knows of this tree: which commit it is, from when, and where it was cloned from."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "unknown"
_TIMEOUT_S = 10.0
_NO_TIME = "1970-01-01T00:00:00Z"
"""What is written where no time is known, so that the same sources give the same image."""
_ADDRESS = re.compile(
    r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|[\w.-]+@)([\w.-]+\.[\w-]+)(?::\d+)?[:/](.+?)(?:\.git)?/?"
)
"""The host and the path, of an address with a protocol or of the short form for SSH."""


def commit() -> str:
    """Return the commit that is checked out."""
    return _git("rev-parse", "HEAD") or UNKNOWN


def committed_at() -> str:
    """Return when that commit was made (RFC 3339): the same sources carry the same time."""
    return _git("show", "--no-patch", "--format=%cI", "HEAD") or _NO_TIME


def source_url() -> str:
    """Return where the sources are, as a browser opens it; empty where git knows of no host."""
    return browsable(_git("remote", "get-url", "origin"))


def browsable(remote: str) -> str:
    """Return the https address of a remote, without its credentials; empty for a directory."""
    found = _ADDRESS.fullmatch(remote)
    return f"https://{found[1]}/{found[2]}" if found else ""


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except OSError:
        return ""
    return found.stdout.strip()
