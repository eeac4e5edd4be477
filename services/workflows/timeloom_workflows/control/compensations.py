"""Whether a definition says how to undo something. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_KEY: Final = "compensate"


def compensates(definition: bytes) -> bool:
    """Whether any step of a definition, however deep, has a compensation."""
    pending: list[Any] = [msgspec.json.decode(definition)]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if _KEY in value:
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False
