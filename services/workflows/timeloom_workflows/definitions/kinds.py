"""Of which kind a JSON value is, for type checkers, too."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tells whether a value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tells whether a value is a list."""
    return isinstance(value, list)


def object_of(value: object) -> dict[str, Any] | None:
    """Returns an object; None if it is none."""
    return value if is_object(value) else None


def list_of(value: object) -> list[Any]:
    """Returns a list; an empty one if it is none."""
    return value if is_list(value) else []


def text_of(document: dict[str, Any], key: str) -> str:
    """Returns a text of a document; an empty one if it is none."""
    value = document.get(key)
    return value if isinstance(value, str) else ""
