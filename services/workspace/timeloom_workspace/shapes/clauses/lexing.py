"""The words of a where clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from timeloom_workspace.shapes.errors import ClauseError
from timeloom_workspace.shapes.limits import WHERE_CHARACTERS_MAX, WHERE_TOKENS_MAX


class TokenKind(Enum):
    """What a word is."""

    NAME = auto()
    QUOTED_NAME = auto()
    STRING = auto()
    INTEGER = auto()
    DECIMAL = auto()
    PARAMETER = auto()
    OPERATOR = auto()
    END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word.

    Attributes:
        kind: What it is.
        text: A name in lower case unless it was quoted, a string without its quotes, else as it stands.
        source: As it stands.
        position: Where it begins.
    """

    kind: TokenKind
    text: str
    source: str
    position: int


_PATTERN: Final = re.compile(
    r"""
    (?P<space>[ \t\r\n\f\v]+)
  | (?P<comment>--|/\*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_$]*)
  | (?P<quoted>"(?:[^"\0]|"")*")
  | (?P<string>'(?:[^'\0]|'')*')
  | (?P<decimal>(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
  | (?P<integer>[0-9]+)
  | (?P<parameter>\$[0-9]+)
  | (?P<operator>::|<=|>=|<>|!=|\|\||@>|<@|&&|!~~\*|!~~|~~\*|~~|[=<>(),.\[\]+-])
    """,
    re.VERBOSE | re.ASCII,
)
_KINDS: Final = {
    "name": TokenKind.NAME,
    "quoted": TokenKind.QUOTED_NAME,
    "string": TokenKind.STRING,
    "decimal": TokenKind.DECIMAL,
    "integer": TokenKind.INTEGER,
    "parameter": TokenKind.PARAMETER,
    "operator": TokenKind.OPERATOR,
}


def tokens_of(text: str) -> Sequence[Token]:
    """The words of a clause, ended by one of the kind END.

    Raises:
        ClauseError: There is something that no clause may hold, or too much of it.
    """
    if len(text) > WHERE_CHARACTERS_MAX:
        raise ClauseError(
            WHERE_CHARACTERS_MAX, f"the clause is longer than {WHERE_CHARACTERS_MAX} characters"
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        found = _PATTERN.match(text, position)
        if found is None:
            raise ClauseError(position, _unreadable(text[position]))
        group = found.lastgroup or ""
        if group == "comment":
            raise ClauseError(position, "comments are not supported")
        if group != "space":
            tokens.append(_token(group, found[0], position))
        position = found.end()
        if len(tokens) > WHERE_TOKENS_MAX:
            raise ClauseError(position, f"the clause has more than {WHERE_TOKENS_MAX} words")
    tokens.append(Token(kind=TokenKind.END, text="", source="", position=len(text)))
    return tokens


def _token(group: str, source: str, position: int) -> Token:
    text = source
    if group == "name":
        text = source.lower()
    elif group == "quoted":
        text = source[1:-1].replace('""', '"')
    elif group == "string":
        text = source[1:-1].replace("''", "'")
    return Token(kind=_KINDS[group], text=text, source=source, position=position)


def _unreadable(character: str) -> str:
    match character:
        case "'":
            return "unterminated quoted string"
        case '"':
            return "unterminated quoted identifier"
        case _ if character.isprintable():
            return f'syntax error at or near "{character}"'
        case _:
            return f"the character U+{ord(character):04X} is not supported here"
