"""States as people look at them: JSON in colour, with what only programs need left out."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.json import JSON

from timeloom.state._kinds import kind_of

_TAG = "$timeloom"


def print_value(console: Console, value: Any) -> None:
    """Print a JSON value in colour."""
    console.print(JSON(text(value), ensure_ascii=False), soft_wrap=True)


def text(value: Any) -> str:
    """Return a JSON value as indented text."""
    return json.dumps(tidied(value), ensure_ascii=False, indent=2)


def line(value: Any) -> str:
    """Return a JSON value as text on one line."""
    return json.dumps(tidied(value), ensure_ascii=False)


def tidied(value: Any) -> Any:
    """Return a value with its recorded classes by name only, and without the orders of members.

    `timeloom.langgraph.transcoding` says what `$timeloom` holds in full; `--json` shows it.
    """
    if kind_of(value) is list:
        return [tidied(item) for item in value]
    if kind_of(value) is not dict:
        return value
    rest = {name: tidied(item) for name, item in value.items() if name != _TAG}
    match value.get(_TAG):
        case None | ["orders" | "order", *_]:
            return rest
        case ["object", int(), [str(), str(name), *_], *_]:
            return {_TAG: name, **rest}
        case ["ext", int(), [str(), str(name), argument, *_]]:
            return {_TAG: name, "value": tidied(argument)}
        case tag:
            return {_TAG: tag, **rest}
