"""Changing what an execution has had, at places of its state, such as `steps.fetch.output.title`.

The state is the one that time travel shows: `{"input": …, "steps": {<id>: {"output": …}}}`. A JSON pointer
into it, such as `/steps/fetch/output/title`, names the same place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from timeloom.state import pointer
from timeloom.state._kinds import is_list, is_object

INPUT: Final = "input"
_STEPS: Final = "steps"
_OUTPUT: Final = "output"

_REST: Final = re.compile(r"(?:\.[^.\[\]]+|\[\d+\])*")
_PART: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the input, or in the output of a step.

    Attributes:
        step_id: Whose output; None for the execution's input.
        path: The members and indexes that lead to it; the whole document if empty.
    """

    step_id: str | None
    path: Sequence[str]


def place_of(text: str, step_ids: Iterable[str]) -> Place:
    """Return the place that a text names.

    Args:
        text: A JSON pointer into the state, or names with dots, and indexes in brackets.
        step_ids: The steps that the execution has had, whose ids may have dots and brackets of their own.

    Raises:
        ValueError: It is no such place.
    """
    place = _of_pointer(text) if text.startswith("/") else _of_names(text, step_ids)
    if place is None:
        raise ValueError(
            f"{text!r} is no place that can be changed: input…, or steps.<id>.output… of a step it has had"
        )
    return place


def edited(document: Any, path: Sequence[str], value: Any) -> Any:
    """Return a copy of a document with another value at a path; members that are missing are made.

    Raises:
        ValueError: There is no such place, such as a member of a number.
    """
    if not path:
        return value
    first, rest = path[0], path[1:]
    if document is None or is_object(document):
        members: dict[str, Any] = document or {}
        return {**members, first: edited(members.get(first), rest, value)}
    if is_list(document):
        index = _index(first, len(document))
        before = document[index] if index < len(document) else None
        return [*document[:index], edited(before, rest, value), *document[index + 1 :]]
    raise ValueError(f"{first!r} is sought in what is neither an object nor an array")


def _index(text: str, length: int) -> int:
    if text == "-":
        return length
    if not text.isdigit() or int(text) > length:
        raise ValueError(f"{text!r} is no index of an array of {length}")
    return int(text)


def _of_pointer(text: str) -> Place | None:
    match pointer.parse(text):
        case [str(name), *path] if name == INPUT:
            return Place(None, path)
        case [str(name), str(step_id), str(member), *path] if (name, member) == (_STEPS, _OUTPUT):
            return Place(step_id, path)
        case _:
            return None


def _of_names(text: str, step_ids: Iterable[str]) -> Place | None:
    if text == INPUT or text.startswith((f"{INPUT}.", f"{INPUT}[")):
        return _place(None, text.removeprefix(INPUT))
    # The longest first: of the steps `a` and `a.output.b`, a name that fits both means the latter.
    for step_id in sorted(step_ids, key=len, reverse=True):
        prefix = f"{_STEPS}.{step_id}.{_OUTPUT}"
        if text.startswith(prefix) and text[len(prefix) : len(prefix) + 1] in ("", ".", "["):
            return _place(step_id, text.removeprefix(prefix))
    return None


def _place(step_id: str | None, rest: str) -> Place | None:
    if not _REST.fullmatch(rest):
        return None
    return Place(step_id, [name or index for name, index in _PART.findall(rest)])
