"""Lists of names as environment variables hold them: separated by commas or written as JSON; `null` is the default."""

from typing import Annotated, Any

import msgspec
from pydantic import BeforeValidator
from pydantic_core import PydanticUseDefault
from pydantic_settings import NoDecode


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.strip() == "null":
        raise PydanticUseDefault
    if value.lstrip().startswith("["):
        return tuple(msgspec.json.decode(value, type=list[str]))
    return tuple(part.strip() for part in value.split(",") if part.strip())


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
