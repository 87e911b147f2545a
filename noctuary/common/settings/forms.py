"""The forms that settings have as text, each refused in words where it cannot be read."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticUseDefault
from pydantic_settings import NoDecode


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.strip() == "null":
        raise PydanticUseDefault
    if value.lstrip().startswith("["):
        try:
            return tuple(msgspec.json.decode(value, type=list[str]))
        except msgspec.DecodeError as error:
            raise ValueError(f"begins as JSON, and is no list of texts in JSON: {error}") from error
    return tuple(part.strip() for part in value.split(",") if part.strip())


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Names separated by commas or written as a JSON list; `null` is the default."""

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 takes a free one."""

_SHORT = {"warn": "warning", "fatal": "critical"}


def _level(value: Any) -> Any:
    return _SHORT.get(value.strip().lower(), value.strip().lower()) if isinstance(value, str) else value


LogLevel = Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_level)]
"""What is logged, in any case of letters."""
