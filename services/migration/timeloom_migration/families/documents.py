"""Values that localStorage keeps as text, read as the browsers that wrote them would read them."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, cast

import msgspec

from timeloom.state._kinds import kind_of
from timeloom_migration.planning.model import Json

DEPTH_MAX: Final = 100
"""How many objects and lists may stand within one another."""

_REPLACEMENT: Final = "\ufffd"
_UNKEEPABLE: Final = re.compile("[\x00\ud800-\udfff]")


class UnreadableError(ValueError):
    """A text is not the JSON that it should be; the message names the place and never what stands there."""


def read(value: Json) -> Json:
    """Return what a record's value means: a text's JSON, and anything else as it is.

    Raises:
        UnreadableError: The text is no JSON.
    """
    if not isinstance(value, str):
        return value
    return parse(value)


def parse(text: str) -> Json:
    """Return the value of a JSON text.

    Raises:
        UnreadableError: It is none, or nested too deep.
    """
    try:
        found: Any = _decode(text)
    except RecursionError:
        raise UnreadableError(f"is nested deeper than {DEPTH_MAX} levels") from None
    if text.count("[") + text.count("{") > DEPTH_MAX and _is_deep(found):
        raise UnreadableError(f"is nested deeper than {DEPTH_MAX} levels")
    return cast("Json", found)


def _decode(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        # Browsers also read lone surrogates and numbers beyond all bounds; what they read is not damaged.
        return _decode_leniently(text)


def _decode_leniently(text: str) -> Any:
    if not text.strip():
        raise UnreadableError("is empty")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"at character {error.pos + 1} of {len(text)}"
        cut = ", where it ends" if error.pos >= len(text.rstrip()) else ""
        raise UnreadableError(f"is no JSON {place}{cut}") from None
    except ValueError:
        raise UnreadableError("is no JSON: it has a number that no browser writes") from None


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _is_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEPTH_MAX + 1):
        level = [
            item
            for container in level
            if kind_of(container) is dict or kind_of(container) is list
            for item in (container.values() if kind_of(container) is dict else container)
        ]
        if not level:
            return False
    return True


def keepable(text: str) -> str:
    """Return a text as PostgreSQL can keep it: U+FFFD stands for U+0000 and for half characters."""
    return _UNKEEPABLE.sub(_REPLACEMENT, text) if _UNKEEPABLE.search(text) else text


def keepable_document(value: Json) -> Json:
    """Return a document that PostgreSQL can keep: numbers that are not finite become null."""
    if isinstance(value, str):
        return keepable(value)
    if isinstance(value, dict):
        return {keepable(name): keepable_document(item) for name, item in value.items()}
    if isinstance(value, list):
        return value if _is_vector(value) else [keepable_document(each) for each in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def _is_vector(value: list[Json]) -> bool:
    """Return quickly whether a list has nothing but finite numbers."""
    return all(isinstance(each, int | float) and each - each == 0 for each in value)
