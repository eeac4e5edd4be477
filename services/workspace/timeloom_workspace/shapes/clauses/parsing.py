"""The grammar of where clauses: PostgreSQL's, as far as shapes know it, with its precedences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from timeloom_workspace.shapes.clauses import nodes, operators
from timeloom_workspace.shapes.clauses.lexing import Token, TokenKind, tokens_of
from timeloom_workspace.shapes.clauses.nodes import Node, Row
from timeloom_workspace.shapes.clauses.values import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    NUMERIC,
    Type,
    array_of,
    type_named,
)
from timeloom_workspace.shapes.errors import ClauseError
from timeloom_workspace.shapes.limits import WHERE_DEPTH_MAX

_COMPARISONS: Final = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_LIKES: Final = {"~~": (False, False), "~~*": (True, False), "!~~": (False, True), "!~~*": (True, True)}
_ARRAYS: Final = ("@>", "<@", "&&")
_RESERVED_WORDS: Final = """
and or not in like ilike between is null true false any some all array cast unknown distinct
from symmetric select where order group having union limit offset for as on using with values
case when then else end collate current_user session_user current_timestamp current_date
current_time localtime localtimestamp user exists row similar escape isnull notnull at
"""
_RESERVED: Final = frozenset(_RESERVED_WORDS.split())
_RANGES: Final = ("like", "ilike", "in", "between")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a clause may name.

    Attributes:
        table: The table's name, which may stand before a column's.
        types: The columns' types; None for one that can only be tested for NULL.
    """

    table: str
    types: Mapping[str, Type | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A condition on rows, in both of its forms.

    Attributes:
        matches: Whether a row meets it.
        write: Its SQL; what it needs is added to the parameters.
    """

    matches: Callable[[Row], bool]
    write: Callable[[list[str | None]], str]


def parse(text: str, columns: Columns, parameters: Mapping[int, str]) -> Clause:
    """The condition that a text says.

    Args:
        text: Of the clause.
        columns: Which may be named.
        parameters: What `$1` and so on stand for.

    Raises:
        ClauseError: It says none, or one that shapes do not know.
    """
    parser = _Parser(tokens_of(text), columns, parameters)
    node = nodes.truth(parser.whole(), "WHERE")
    return Clause(matches=lambda row: node.evaluate(row) is True, write=node.write)


class _Parser:
    def __init__(self, tokens: Sequence[Token], columns: Columns, parameters: Mapping[int, str]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._parameters = parameters
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._token.kind is not TokenKind.END:
            raise self._unexpected()
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > WHERE_DEPTH_MAX:
            raise ClauseError(self._token.position, f"the clause nests deeper than {WHERE_DEPTH_MAX}")
        parts = [self._conjunction()]
        while self._takes("or"):
            parts.append(self._conjunction())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else nodes.either(*parts)

    def _conjunction(self) -> Node:
        parts = [self._negation()]
        while self._takes("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else nodes.both(*parts)

    def _negation(self) -> Node:
        position = self._token.position
        count = 0
        while self._takes("not"):
            count += 1
            if count + self._depth > WHERE_DEPTH_MAX:
                raise ClauseError(self._token.position, f"the clause nests deeper than {WHERE_DEPTH_MAX}")
        node = self._tested()
        for _ in range(count):
            node = nodes.negated(node, position=position)
        return node

    def _tested(self) -> Node:
        node = self._comparison()
        while True:
            if self._takes("isnull"):
                node = nodes.is_null(node, is_not=False)
            elif self._takes("notnull"):
                node = nodes.is_null(node, is_not=True)
            elif self._takes("is"):
                node = self._is(node)
            else:
                return node

    def _is(self, node: Node) -> Node:
        position = self._token.position
        is_not = self._takes("not")
        if self._takes("null"):
            return nodes.is_null(node, is_not=is_not)
        for word, value in (("true", True), ("false", False), ("unknown", None)):
            if self._takes(word):
                return nodes.is_truth(node, value=value, is_not=is_not)
        if self._takes("distinct"):
            self._expect("from")
            return nodes.distinct(node, self._ranged(), is_not=is_not, position=position)
        raise self._unexpected()

    def _comparison(self) -> Node:
        left = self._ranged()
        operator = _COMPARISONS.get(self._token.text) if self._is_operator else None
        if operator is None:
            return left
        position = self._token.position
        self._next += 1
        node = self._compared(operator, left, position)
        if self._is_operator and self._token.text in _COMPARISONS:
            raise self._unexpected()
        return node

    def _compared(self, operator: str, left: Node, position: int) -> Node:
        for words, is_all in ((("any", "some"), False), (("all",), True)):
            if any(self._takes(word) for word in words):
                self._expect("(")
                array = self._expression()
                self._expect(")")
                return operators.any_or_all(operator, left, array, is_all=is_all, position=position)
        return nodes.compared(operator, left, self._ranged(), position=position)

    def _ranged(self) -> Node:
        node = self._combined()
        while True:
            position = self._token.position
            if self._is_word("not") and self._tokens[self._next + 1].text in (
                "like",
                "ilike",
                "in",
                "between",
            ):
                self._next += 1
                node = nodes.negated(self._range(node, position), position=position)
            elif any(self._is_word(word) for word in _RANGES):
                node = self._range(node, position)
            elif self._is_operator and self._token.text in _LIKES:
                ignores_case, is_not = _LIKES[self._token.text]
                self._next += 1
                node = operators.like(node, self._combined(), ignores_case=ignores_case, position=position)
                node = nodes.negated(node, position=position) if is_not else node
            else:
                return node

    def _range(self, node: Node, position: int) -> Node:
        if self._takes("like"):
            return operators.like(node, self._combined(), ignores_case=False, position=position)
        if self._takes("ilike"):
            return operators.like(node, self._combined(), ignores_case=True, position=position)
        if self._takes("in"):
            return operators.one_of(node, self._list("(", ")"), position=position)
        self._expect("between")
        is_symmetric = self._takes("symmetric")
        lower = self._combined()
        self._expect("and")
        return operators.between(
            node, (lower, self._combined()), is_symmetric=is_symmetric, position=position
        )

    def _combined(self) -> Node:
        node = self._cast()
        while self._is_operator and self._token.text in (*_ARRAYS, "||"):
            operator, position = self._token.text, self._token.position
            self._next += 1
            right = self._cast()
            if operator == "||":
                node = operators.joined(node, right)
            else:
                node = operators.on_arrays(operator, node, right, position=position)
        return node

    def _cast(self) -> Node:
        node = self._operand()
        while self._is_operator and self._token.text == "::":
            position = self._token.position
            self._next += 1
            node = operators.cast(node, self._type(), position=position)
        return node

    def _operand(self) -> Node:  # noqa: PLR0911 - a case for each kind of word
        token = self._token
        self._next += 1
        match token.kind:
            case TokenKind.STRING:
                return nodes.untyped(token.text, position=token.position)
            case TokenKind.INTEGER | TokenKind.DECIMAL:
                return _number(token.text, token)
            case TokenKind.PARAMETER:
                return self._parameter(token)
            case TokenKind.OPERATOR if token.text in ("-", "+"):
                return self._signed(token)
            case TokenKind.OPERATOR if token.text == "(":
                node = self._expression()
                self._expect(")")
                return node
            case TokenKind.NAME:
                return self._named(token)
            case TokenKind.QUOTED_NAME:
                return self._column(token)
            case _:
                self._next -= 1
                raise self._unexpected()

    def _named(self, token: Token) -> Node:
        match token.text:
            case "null":
                return nodes.untyped(None, position=token.position)
            case "true" | "false":
                return nodes.constant(token.text, BOOLEAN, position=token.position)
            case "array" if self._is_operator and self._token.text == "[":
                return nodes.listed(self._list("[", "]"), position=token.position)
            case "cast":
                return self._written_cast(token)
            case word if word in _RESERVED:
                self._next -= 1
                raise self._unexpected()
            case _:
                return self._call(token) if self._is_call else self._column(token)

    @property
    def _is_call(self) -> bool:
        return self._is_operator and self._token.text == "("

    def _call(self, token: Token) -> Node:
        make = operators.FUNCTIONS.get(token.text)
        if make is None:
            raise ClauseError(token.position, f"the function {token.text} is not supported")
        self._deepen(token)
        node = make(self._list("(", ")"), token.position)
        self._depth -= 1
        return node

    def _written_cast(self, token: Token) -> Node:
        self._expect("(")
        node = self._expression()
        self._expect("as")
        kind = self._type()
        self._expect(")")
        return operators.cast(node, kind, position=token.position)

    def _column(self, token: Token) -> Node:
        name = token
        if self._is_operator and self._token.text == ".":
            if token.text != self._columns.table:
                raise ClauseError(token.position, f'missing FROM-clause entry for table "{token.text}"')
            self._next += 1
            name = self._token
            if name.kind not in (TokenKind.NAME, TokenKind.QUOTED_NAME):
                raise self._unexpected()
            self._next += 1
        if name.text not in self._columns.types:
            raise ClauseError(name.position, f'column "{name.text}" does not exist')
        return nodes.column(name.text, self._columns.types[name.text], position=name.position)

    def _parameter(self, token: Token) -> Node:
        number = int(token.text[1:]) if len(token.text) <= 6 else 0
        if number not in self._parameters:
            raise ClauseError(token.position, f"there is no parameter {token.text}")
        return nodes.untyped(self._parameters[number], position=token.position)

    def _signed(self, sign: Token) -> Node:
        token = self._token
        if token.kind not in (TokenKind.INTEGER, TokenKind.DECIMAL):
            raise self._unexpected()
        self._next += 1
        return _number(sign.text + token.text, token)

    def _list(self, opening: str, closing: str) -> Sequence[Node]:
        self._expect(opening)
        elements = [self._expression()]
        while self._takes_operator(","):
            elements.append(self._expression())
        self._expect(closing)
        return elements

    def _type(self) -> Type:
        token = self._token
        if token.kind is not TokenKind.NAME:
            raise self._unexpected()
        self._next += 1
        name = token.text
        if name == "double" and self._takes("precision"):
            name = "float8"
        if name == "timestamp" and self._takes("with"):
            self._expect("time")
            self._expect("zone")
            name = "timestamptz"
        kind = type_named(name)
        if kind is None:
            raise ClauseError(token.position, f"the type {token.text} is not supported")
        if self._takes_operator("["):
            self._expect("]")
            return array_of(kind)
        return kind

    def _deepen(self, token: Token) -> None:
        self._depth += 1
        if self._depth > WHERE_DEPTH_MAX:
            raise ClauseError(token.position, f"the clause nests deeper than {WHERE_DEPTH_MAX}")

    @property
    def _is_operator(self) -> bool:
        return self._token.kind is TokenKind.OPERATOR

    def _is_word(self, word: str) -> bool:
        return self._token.kind is TokenKind.NAME and self._token.text == word

    def _takes(self, word: str) -> bool:
        if not self._is_word(word):
            return False
        self._next += 1
        return True

    def _takes_operator(self, operator: str) -> bool:
        if not (self._is_operator and self._token.text == operator):
            return False
        self._next += 1
        return True

    def _expect(self, text: str) -> None:
        if not (self._takes(text) or self._takes_operator(text)):
            raise self._unexpected()

    def _unexpected(self) -> ClauseError:
        token = self._token
        if token.kind is TokenKind.END:
            return ClauseError(token.position, "syntax error at end of input")
        return ClauseError(token.position, f'syntax error at or near "{token.source[:100]}"')


def _number(text: str, token: Token) -> Node:
    """A number, of the first type that it fits into."""
    if token.kind is TokenKind.DECIMAL:
        return nodes.constant(text, NUMERIC, position=token.position)
    try:
        INTEGER.read(text)
    except ValueError:
        return nodes.constant(text, BIGINT, position=token.position)
    return nodes.constant(text, INTEGER, position=token.position)
