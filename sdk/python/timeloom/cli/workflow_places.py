"""Where the places of a definition are in its file, as a compiler tells them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from timeloom._workflow_files import is_yaml
from timeloom.workflow_resources import DefinitionProblem

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_LAST_PART: Final = re.compile(r"(?:\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+)$")
_scan: Final = json.JSONDecoder().raw_decode

Positions = Mapping[str, tuple[int, int]]
"""Lines and columns, from 1 on, by places such as `steps[2].retry`; the whole document's is empty."""


def positions_of(path: Path, text: str) -> Positions:
    """Return where each value of a definition begins; the text is known to be what its file's name says."""
    if is_yaml(path):
        return dict(_yaml_positions(text))
    lines = _Lines(text)
    return {place: lines.position(index) for place, index in _json_positions(text)}


def print_problems(
    console: Console, path: Path, positions: Positions, problems: tuple[DefinitionProblem, ...]
) -> None:
    """Print what is wrong with a definition, each with its line."""
    for problem in problems:
        line, column = _nearest(positions, problem.place)
        where = Text(f"{path}:{line}:{column}: ", style="bold")
        console.print(where.append(_said(problem)), soft_wrap=True)


def _said(problem: DefinitionProblem) -> Text:
    said = Text.assemble(
        (problem.place or "(the definition)", "cyan"), ": ", problem.message, style="not bold"
    )
    if problem.step_id:
        said.append(f" (step {problem.step_id})", style="dim")
    return said.append(f" [{problem.code}]", style="red")


def _nearest(positions: Positions, place: str) -> tuple[int, int]:
    """Return where a place is, or what it would be in, if it is something that is missing."""
    while place and place not in positions:
        place = _LAST_PART.sub("", place) if _LAST_PART.search(place) else ""
    return positions.get(place, (1, 1))


class _Lines:
    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, index: int) -> tuple[int, int]:
        line = _last_not_after(self._starts, index)
        return line + 1, index - self._starts[line] + 1


def _last_not_after(starts: list[int], index: int) -> int:
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if starts[middle] <= index else (low, middle)
    return low


def _json_positions(text: str) -> Iterator[tuple[str, int]]:
    found: list[tuple[str, int]] = []

    def value(index: int, place: str) -> int:
        index = _skip(text, index)
        found.append((place, index))
        if text[index] == "{":
            return members(index + 1, place)
        if text[index] == "[":
            return elements(index + 1, place)
        return _scan(text, index)[1]

    def members(index: int, place: str) -> int:
        index = _skip(text, index)
        while text[index] != "}":
            name, index = _scan(text, _skip(text, index))
            begin = _skip(text, index) + 1
            index = _skip(text, value(begin, f"{place}.{name}" if place else name))
            if text[index] == ",":
                index = _skip(text, index + 1)
        return index + 1

    def elements(index: int, place: str) -> int:
        index, number = _skip(text, index), 0
        while text[index] != "]":
            index = _skip(text, value(index, f"{place}[{number}]"))
            number += 1
            if text[index] == ",":
                index = _skip(text, index + 1)
        return index + 1

    value(0, "")
    return iter(found)


def _skip(text: str, index: int) -> int:
    space = _SPACE.match(text, index)
    return space.end() if space else index


def _yaml_positions(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    import yaml  # noqa: PLC0415 - an extra that only those have who write YAML

    def walk(node: Any, place: str) -> Iterator[tuple[str, tuple[int, int]]]:
        yield place, (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from walk(value, f"{place}.{key.value}" if place else str(key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                yield from walk(value, f"{place}[{number}]")

    return walk(yaml.compose(text), "")


def text_of(path: Path) -> str:
    """Return a definition's text.

    Raises:
        click.ClickException: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from None
