"""What the Dockerfile says about the released image, so that it is said once however the image is built."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hack.image.errors import ImageError

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def released_config(dockerfile: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Read the last stage's settings as an OCI image configuration; `values` are build arguments."""
    stage = re.split(r"^FROM .*$", dockerfile, flags=re.MULTILINE)[-1]
    defaults = dict(re.findall(r"^ARG (\w+)=(.*)$", stage, re.MULTILINE))
    settings: dict[str, Any] = {"Env": [], "Labels": {}}
    for instruction, rest in re.findall(r"^([A-Z]+) (.+)$", stage, re.MULTILINE):
        _take(settings, instruction, _filled(rest, {**defaults, **values}))
    return settings


def _take(settings: dict[str, Any], instruction: str, rest: str) -> None:
    match instruction:
        case "ENV":
            settings["Env"].append(_pair(rest))
        case "LABEL":
            key, _, value = _pair(rest).partition("=")
            settings["Labels"][key] = value
        case "WORKDIR":
            settings["WorkingDir"] = rest
        case "USER":
            settings["User"] = rest
        case "EXPOSE":
            settings["ExposedPorts"] = {f"{port}/tcp": {} for port in rest.split()}
        case "ENTRYPOINT":
            settings["Entrypoint"] = json.loads(rest)
        case "ARG" | "COPY":
            pass
        case _:
            raise ImageError(f"The Dockerfile's last stage says {instruction}, which builds without Docker do not know")


def _pair(rest: str) -> str:
    words = shlex.split(rest)
    if len(words) != 1 or "=" not in words[0]:
        raise ImageError(f"The Dockerfile's last stage sets several values in one line: {rest}")
    return words[0]


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)
