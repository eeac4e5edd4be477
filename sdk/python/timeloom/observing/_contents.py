"""What went into a function and came out of it, as bounded JSON."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Final, cast

from timeloom.replay.http.redaction import REDACTED, is_secret

TEXT_LENGTH_MAX: Final = 20_000
"""Characters of one text; what is longer is cut."""

ITEMS_MAX: Final = 1_000
"""Items of one list or object; those after them are left out."""

DEPTH_MAX: Final = 12
"""How deep lists and objects may be nested; what is deeper is told by its kind."""

VALUES_MAX: Final = 10_000
"""Values in all."""

CONTENT_LENGTH_MAX: Final = 200_000
"""Characters of all of it as JSON; what is longer is cut, and no JSON any more."""

CUT: Final = "…"


def text_of(value: Any) -> tuple[str, str]:
    """Return a value as an attribute holds it, and its media type."""
    bounded = Bounded().value(value)
    if isinstance(bounded, str):
        return bounded, "text/plain"
    text = json.dumps(bounded, ensure_ascii=False)
    if len(text) > CONTENT_LENGTH_MAX:
        return text[:CONTENT_LENGTH_MAX] + CUT, "text/plain"
    return text, "application/json"


def arguments_of(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by their names, without `self` and `cls`."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return {"args": args, "kwargs": kwargs}
    named: dict[str, Any] = {}
    for position, (name, value) in enumerate(bound.arguments.items()):
        if position == 0 and name in ("self", "cls"):
            continue
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value)
        else:
            named[name] = value
    return named


class Bounded:
    """Copies a value as JSON knows it, as far as the bounds go; what is named like a secret is left out."""

    def __init__(self) -> None:
        self._left = VALUES_MAX

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the copy."""
        self._left -= 1
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, str):
            return _cut(value)
        return self._other(value, depth)

    def _other(self, value: Any, depth: int) -> Any:
        if isinstance(value, bytes | bytearray):
            return f"<{len(value):,} bytes>"
        if depth >= DEPTH_MAX or self._left <= 0:
            return CUT
        try:
            return self._container(value, depth)
        except Exception:  # noqa: BLE001 - whatever a value does when it is looked at, the function goes on
            return f"<{type(value).__name__}>"

    def _container(self, value: Any, depth: int) -> Any:
        if issubclass(type(value), Mapping):
            return self._members(value, depth)
        if isinstance(value, list | tuple | AbstractSet):
            items = islice(cast("list[Any]", value), ITEMS_MAX)
            return [self.value(item, depth + 1) for item in items if self._left > 0]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = (field.name for field in dataclasses.fields(value))
            return self._members({name: getattr(value, name) for name in names}, depth)
        dump: Callable[[], Any] | None = getattr(value, "model_dump", None)
        if callable(dump) and not isinstance(value, type):
            return self.value(dump(), depth + 1)
        return _cut(repr(value))

    def _members(self, mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, value in islice(mapping.items(), ITEMS_MAX):
            if self._left <= 0:
                break
            name = _cut(str(key))
            members[name] = REDACTED if is_secret(name) else self.value(value, depth + 1)
        return members


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH_MAX else text[:TEXT_LENGTH_MAX] + CUT
