"""Arrays in PostgreSQL's text form (its manual, 8.15.6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from timeloom_workspace.shapes.limits import ARRAY_ELEMENTS_MAX

DIMENSIONS_MAX: Final = 6
_BOUNDS: Final = re.compile(r"(?:\[-?[0-9]+:-?[0-9]+\])+=", re.ASCII)
_BLANKS: Final = " \t\n\r\f\v"


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """An array.

    Attributes:
        bounds: What stands before it if its indexes do not begin with 1.
        sizes: Of its dimensions.
        elements: Of all dimensions, in order; None is NULL.
    """

    bounds: str
    sizes: tuple[int, ...]
    elements: tuple[Any, ...]


class _Reader:
    def __init__(self, text: str, read: Callable[[str], Any]) -> None:
        self._text = text
        self._read = read
        self._position = 0
        self.elements: list[Any] = []

    def array(self, depth: int) -> tuple[int, ...]:
        """Reads from a brace to its counterpart; returns the sizes."""
        if depth > DIMENSIONS_MAX:
            raise self._malformed()
        self._expect("{")
        if self._next_is("}"):
            return (0,)
        inner: set[tuple[int, ...]] = set()
        count = 0
        while True:
            inner.add(self.array(depth + 1) if self._peek() == "{" else self._element())
            count += 1
            if self._next_is("}"):
                break
            self._expect(",")
        if len(inner) != 1 or (0,) in inner:
            raise self._malformed()
        return (count, *inner.pop())

    def end(self) -> None:
        if self._peek():
            raise self._malformed()

    def _element(self) -> tuple[int, ...]:
        if len(self.elements) >= ARRAY_ELEMENTS_MAX:
            raise ValueError(f"an array of more than {ARRAY_ELEMENTS_MAX} elements")
        if self._peek() == '"':
            self.elements.append(self._read(self._quoted()))
        else:
            plain = self._plain()
            self.elements.append(None if plain.lower() == "null" else self._read(plain))
        return ()

    def _quoted(self) -> str:
        characters: list[str] = []
        self._position += 1
        while self._position < len(self._text):
            character = self._text[self._position]
            self._position += 1
            if character == '"':
                return "".join(characters)
            if character == "\\":
                if self._position == len(self._text):
                    break
                character = self._text[self._position]
                self._position += 1
            characters.append(character)
        raise self._malformed()

    def _plain(self) -> str:
        start = self._position
        while self._position < len(self._text) and self._text[self._position] not in ',{}"\\':
            self._position += 1
        plain = self._text[start : self._position].strip(_BLANKS)
        if not plain or self._text[self._position : self._position + 1] in ('"', "\\", "{"):
            raise self._malformed()
        return plain

    def _peek(self) -> str:
        while self._position < len(self._text) and self._text[self._position] in _BLANKS:
            self._position += 1
        return self._text[self._position : self._position + 1]

    def _next_is(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._position += 1
        return True

    def _expect(self, character: str) -> None:
        if not self._next_is(character):
            raise self._malformed()

    def _malformed(self) -> ValueError:
        return ValueError(f'malformed array literal: "{self._text[:100]}"')


def read(text: str, read_element: Callable[[str], Any]) -> Array:
    """The array of a text; ValueError if it is none."""
    bounds = _BOUNDS.match(text)
    reader = _Reader(text[bounds.end() :] if bounds else text, read_element)
    sizes = reader.array(1)
    reader.end()
    if sizes == (0,):
        sizes = ()
    return Array(bounds=bounds[0] if bounds else "", sizes=sizes, elements=tuple(reader.elements))


def write(elements: Sequence[str | None]) -> str:
    """The text of an array of one dimension."""
    return "{" + ",".join("NULL" if each is None else _quote(each) for each in elements) + "}"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
