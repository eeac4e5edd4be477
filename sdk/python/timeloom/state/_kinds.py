"""Telling JSON values apart without narrowing `Any` to containers of unknowns, which pyright refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

kind_of: Final[Callable[[Any], object]] = type
"""The class of a value."""


def is_object(value: Any) -> bool:
    """Tells whether a caller's value stands for a JSON object."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> bool:
    """Tells whether a caller's value stands for a JSON list."""
    return isinstance(value, (list, tuple))
