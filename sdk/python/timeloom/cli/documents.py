"""The client's values as JSON: the same names and forms as in REST."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from timeloom.resources import NOT_LOADED
from timeloom.state._kinds import kind_of


def document(value: Any) -> Any:
    """Return a resource as a JSON value; other values are JSON already."""
    if kind_of(value) is tuple:
        return [document(item) for item in value]
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {camel(name): document(item) for name, item in members.items() if item is not NOT_LOADED}
    return value


def pretty(value: Any) -> str:
    """Return a value as JSON for people."""
    return json.dumps(document(value), ensure_ascii=False, indent=2)


def compact(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(document(value), ensure_ascii=False, separators=(",", ":"))


def camel(name: str) -> str:
    """Return a name as JSON has it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
