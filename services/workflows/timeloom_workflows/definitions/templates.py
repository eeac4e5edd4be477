"""JSON in which texts stand for values: `"${ input.name }"` is the value itself, `"Hi ${ input.name }"` text.

`$${` is a `${` that stands for nothing else. `${ secret("NAME") }`, perhaps with an environment before the
name, is left as it is: whoever does what the step says puts the secret in at the last moment, so that it is
never kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from timeloom_workflows.definitions.document import Place
from timeloom_workflows.definitions.expressions import LazyExpression, all_names
from timeloom_workflows.definitions.kinds import is_list, is_object

OPENING: Final = "${"
ESCAPED: Final = "$${"
PLACEHOLDER_PATTERN: Final = r"""
\s*secret\(\s*(?:
    (?P<quote>["'])(?P<setting>[A-Z][A-Z0-9_]{0,99})(?P=quote)
    | (?P<first>["'])(?P<environment>[^"'\\\n]{1,200})(?P=first)
      \s*,\s* (?P<second>["'])(?P<name>[^"'\\\n]{1,100})(?P=second)
)\s*\)\s*"""
"""How a secret is named, of the installation's settings or of an environment; a verbose expression."""

_SECRET: Final = re.compile(PLACEHOLDER_PATTERN, re.VERBOSE)
_TOKEN: Final = re.compile(
    r"""[bBrR]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"|[{}]",
    re.DOTALL,
)

Part: TypeAlias = str | LazyExpression
_Render: TypeAlias = Callable[[Mapping[str, Any]], Any]


class TemplateError(ValueError):
    """A text of a template cannot be read."""


class Template:
    """A template that was read.

    Attributes:
        source: As the definition has it.
        expressions: Those in it, with their places.
        names: The steps that they look at.
        is_constant: It has no expressions.
    """

    __slots__ = ("_render", "expressions", "is_constant", "names", "source")

    def __init__(self, source: Any, variables: tuple[str, ...]) -> None:
        """Read a template whose expressions see some variables.

        Raises:
            TemplateError: A text in it has a `${` that does not end.
        """
        self.source = source
        found: list[tuple[Place, LazyExpression]] = []
        self._render = _reader(source, variables, (), found)
        self.expressions = tuple(found)
        self.names = all_names(each.names for _, each in found)
        self.is_constant = not found

    def render(self, variables: Mapping[str, Any]) -> Any:
        """Returns the template's JSON with the values of its expressions.

        Raises:
            EvaluationError: One of them has no value.
        """
        return self._render(variables)


def parts_of(text: str, variables: tuple[str, ...] = ()) -> list[Part]:
    """Returns what a text is made of: texts, and expressions between `${` and `}`.

    Raises:
        TemplateError: A `${` does not end, or has nothing in it.
    """
    parts: list[Part] = []
    for part in _split(text):
        if isinstance(part, str):
            parts.append(part)
        elif _SECRET.fullmatch(part[0]):
            parts.append(f"{OPENING}{part[0]}}}")
        else:
            parts.append(LazyExpression(part[0].strip(), variables))
    return parts


def has_secret(text: str) -> bool:
    """Tells whether a text names a secret."""
    return any(not isinstance(part, str) and _SECRET.fullmatch(part[0]) for part in _split(text))


def _split(text: str) -> Iterator[str | tuple[str]]:
    """Yields plain texts, and what stands between `${` and `}` as tuples."""
    position = 0
    plain = ""
    while (start := text.find(OPENING, position)) >= 0:
        if text.startswith(ESCAPED, start - 1) and start > position:
            plain += text[position : start - 1] + OPENING
            position = start + len(OPENING)
            continue
        plain += text[position:start]
        end = _end_of(text, start + len(OPENING))
        source = text[start + len(OPENING) : end]
        if not source.strip():
            raise TemplateError(
                "has a `${}` with nothing in it: write an expression, or `$${` for the characters"
            )
        if plain:
            yield plain
            plain = ""
        yield (source,)
        position = end + 1
    plain += text[position:]
    if plain:
        yield plain


def _end_of(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            if depth == 0:
                return token.start()
            depth -= 1
    raise TemplateError("has a `${` without its `}`: close it, or write `$${` for the characters themselves")


def _reader(
    source: Any, variables: tuple[str, ...], place: Place, found: list[tuple[Place, LazyExpression]]
) -> _Render:
    if isinstance(source, str) and OPENING in source:
        return _text_reader(source, variables, place, found)
    if is_object(source):
        members = {name: _reader(member, variables, (*place, name), found) for name, member in source.items()}
        return lambda values: {name: render(values) for name, render in members.items()}
    if is_list(source):
        elements = [_reader(each, variables, (*place, index), found) for index, each in enumerate(source)]
        return lambda values: [render(values) for render in elements]
    return lambda _values: source


def _text_reader(
    source: str, variables: tuple[str, ...], place: Place, found: list[tuple[Place, LazyExpression]]
) -> _Render:
    parts = parts_of(source, variables)
    expressions = [part for part in parts if isinstance(part, LazyExpression)]
    found.extend((place, each) for each in expressions)
    if len(parts) == 1 and expressions:
        return expressions[0].value
    if not expressions:
        text = "".join(str(part) for part in parts)
        return lambda _values: text
    return lambda values: "".join(
        part if isinstance(part, str) else _as_text(part.value(values)) for part in parts
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
