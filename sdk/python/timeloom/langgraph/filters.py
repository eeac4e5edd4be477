"""The filters of LangGraph's stores: equality, and comparisons such as `{"age": {"$gt": 7}}`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from timeloom.state._kinds import is_list, kind_of

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": lambda value, wanted: float(value) > float(wanted),
    "$gte": lambda value, wanted: float(value) >= float(wanted),
    "$lt": lambda value, wanted: float(value) < float(wanted),
    "$lte": lambda value, wanted: float(value) <= float(wanted),
}


def agrees(value: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """Tell whether a value is one that a filter lets through."""
    return all(_agrees(value.get(name), each) for name, each in (wanted or {}).items())


def equal_strings(wanted: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the part of a filter that asks for equal strings, which mean the same to JSON and to Python."""
    return {name: each for name, each in (wanted or {}).items() if isinstance(each, str)}


def _agrees(value: Any, wanted: Any) -> bool:
    kind = kind_of(wanted)
    if kind is dict:
        if any(str(name).startswith("$") for name in wanted):
            return all(_compare(name, value, each) for name, each in wanted.items())
        return kind_of(value) is dict and agrees(value, wanted)
    if is_list(wanted):
        return is_list(value) and len(value) == len(wanted) and all(map(_agrees, value, wanted))
    return bool(value == wanted)


def _compare(name: str, value: Any, wanted: Any) -> bool:
    compare = _COMPARISONS.get(name)
    if compare is None:
        raise ValueError(f"A filter knows no {name}; it knows {', '.join(_COMPARISONS)}")
    return compare(value, wanted)
