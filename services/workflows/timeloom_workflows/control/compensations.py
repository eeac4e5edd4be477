"""Whether a definition says how to undo something. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

import msgspec

_KEY: Final = "compensate"


def compensates(definition: bytes) -> bool:
    """Whether any step of a definition, however deep, has a compensation."""
    pending: list[Any] = [msgspec.json.decode(definition)]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            if _KEY in members:
                return True
            pending.extend(members.values())
        elif isinstance(value, list):
            pending.extend(cast("Iterable[Any]", value))
    return False
