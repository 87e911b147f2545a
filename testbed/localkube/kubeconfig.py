"""Kubeconfig files for the identities of a cluster."""

from collections.abc import Mapping
from pathlib import Path

import yaml

_NAME = "localkube"


def write_kubeconfig(
    path: Path, *, server: str, ca_file: Path, user: Mapping[str, str], namespace: str = "default"
) -> Path:
    """Write a kubeconfig of one context; `user` holds the fields of kubeconfig's `user`."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": server, "certificate-authority": str(ca_file)}}],
        "users": [{"name": _NAME, "user": dict(user)}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": namespace}}],
        "current-context": _NAME,
    }
    write_secret(path, yaml.safe_dump(content, sort_keys=False))
    return path


def certificate_user(stem: Path) -> dict[str, str]:
    """The user that shows `<stem>.crt`."""
    return {"client-certificate": str(stem.with_suffix(".crt")), "client-key": str(stem.with_suffix(".key"))}


def write_secret(path: Path, text: str) -> None:
    """Put a text into place at once, readable by its owner only: a reader sees the old or the new one."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
