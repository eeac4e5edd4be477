"""Conditions over a row, each in two forms that mean the same: a function, and SQL with parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from timeloom_workspace.shapes.clauses.arrays import Array
from timeloom_workspace.shapes.clauses.values import (
    BOOLEAN,
    DOUBLE,
    TEXT,
    Type,
    array_of,
    as_double,
    stored_reader,
)
from timeloom_workspace.shapes.errors import ClauseError

Row: TypeAlias = Mapping[str, str | None]
"""A row's values by column, as PostgreSQL writes them."""
Parameters: TypeAlias = list[str | None]
Evaluate: TypeAlias = Callable[[Row], Any]
Write: TypeAlias = Callable[[Parameters], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a clause.

    Attributes:
        type: What it is; None if its values cannot be compared, and only be tested for NULL.
        evaluate: Its value in a row; None is NULL.
        write: Its SQL; what it needs is added to the parameters.
        position: Where it stands in the clause.
        literal: What was written, where no type is known yet; None for NULL.
        is_untyped: Whether it takes its type from what it is compared with.
        constant: Its value if it is the same in every row, in a tuple.
    """

    type: Type | None
    evaluate: Evaluate
    write: Write
    position: int
    literal: str | None = None
    is_untyped: bool = False
    constant: tuple[Any] | None = None


def column(name: str, kind: Type | None, *, position: int) -> Node:
    """A column's value."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind is None:
        return Node(type=None, evaluate=lambda row: row[name], write=lambda _: quoted, position=position)
    if kind.is_text:
        # Types that are like text behave as text does.
        return Node(
            type=kind,
            evaluate=lambda row: row[name],
            write=lambda _: f"CAST({quoted} AS text)",
            position=position,
        )
    read = stored_reader(kind)

    def evaluate(row: Row) -> Any:
        text = row[name]
        return None if text is None else read(text)

    return Node(type=kind, evaluate=evaluate, write=lambda _: quoted, position=position)


def untyped(text: str | None, *, position: int) -> Node:
    """A string, a parameter or NULL: what it is, its surroundings say."""
    return Node(
        type=TEXT,
        evaluate=lambda _: text,
        write=lambda parameters: _bound(parameters, text, TEXT),
        position=position,
        literal=text,
        is_untyped=True,
        constant=(text,),
    )


def constant(text: str | None, kind: Type, *, position: int) -> Node:
    """A value of a type that is the same in every row. ClauseError if the text is none of the type."""
    try:
        value = None if text is None else kind.read(text)
    except ValueError as error:
        raise ClauseError(position, str(error)) from None
    return Node(
        type=kind,
        evaluate=lambda _: value,
        write=lambda parameters: _bound(parameters, text, kind),
        position=position,
        constant=(value,),
    )


def _bound(parameters: Parameters, text: str | None, kind: Type) -> str:
    parameters.append(text)
    return f"CAST(${len(parameters)}::text AS {kind.name})"


def as_type(node: Node, kind: Type) -> Node:
    """The node as a value of a type, if it may be one without being told."""
    if node.is_untyped:
        return constant(node.literal, kind, position=node.position)
    if node.type is None or node.type.family != kind.family:
        raise ClauseError(node.position, f"expected {kind.name}, and this is {name_of(node)}")
    return node


def truth(node: Node, what: str) -> Node:
    """The node as a condition."""
    if node.is_untyped and node.literal is not None:
        return constant(node.literal, BOOLEAN, position=node.position)
    if node.type is not BOOLEAN:
        raise ClauseError(node.position, f"argument of {what} must be type boolean, not type {name_of(node)}")
    return node


def name_of(node: Node) -> str:
    """What an error says a node is."""
    if node.is_untyped:
        return "unknown"
    return node.type.name if node.type is not None else "one that shapes cannot compare"


def both(*parts: Node) -> Node:
    """AND of all, with PostgreSQL's three values."""
    return _combined("AND", parts, decisive=False)


def either(*parts: Node) -> Node:
    """OR of all, with PostgreSQL's three values."""
    return _combined("OR", parts, decisive=True)


def _combined(word: str, parts: Sequence[Node], *, decisive: bool) -> Node:
    """What one decisive part decides, and otherwise the others, unless one of them is NULL."""
    conditions = [truth(part, word) for part in parts]
    if len(conditions) == 1:
        return conditions[0]

    def evaluate(row: Row) -> bool | None:
        outcome: bool | None = not decisive
        for part in conditions:
            value: bool | None = part.evaluate(row)
            if value is decisive:
                return decisive
            if value is None:
                outcome = None
        return outcome

    def write(parameters: Parameters) -> str:
        return "(" + f" {word} ".join(part.write(parameters) for part in conditions) + ")"

    return condition(evaluate, write, position=parts[0].position)


def negated(node: Node, *, position: int) -> Node:
    """NOT."""
    inner = truth(node, "NOT")

    def evaluate(row: Row) -> bool | None:
        value: bool | None = inner.evaluate(row)
        return None if value is None else not value

    return condition(evaluate, lambda parameters: f"(NOT {inner.write(parameters)})", position=position)


def condition(evaluate: Callable[[Row], bool | None], write: Write, *, position: int) -> Node:
    """A node that is true, false or NULL."""
    return Node(type=BOOLEAN, evaluate=evaluate, write=write, position=position)


def is_null(node: Node, *, is_not: bool) -> Node:
    """IS [NOT] NULL."""
    words = "IS NOT NULL" if is_not else "IS NULL"
    return condition(
        lambda row: (node.evaluate(row) is None) != is_not,
        lambda parameters: f"({node.write(parameters)} {words})",
        position=node.position,
    )


def is_truth(node: Node, *, value: bool | None, is_not: bool) -> Node:
    """IS [NOT] TRUE, FALSE or UNKNOWN."""
    word = {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[value]
    inner = truth(node, f"IS {word}")
    words = f"IS NOT {word}" if is_not else f"IS {word}"
    return condition(
        lambda row: (inner.evaluate(row) is value) != is_not,
        lambda parameters: f"({inner.write(parameters)} {words})",
        position=node.position,
    )


COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def compared(operator: str, left: Node, right: Node, *, position: int) -> Node:
    """A comparison of two values."""
    first, second = alike(left, right, operator, position=position)
    if first.type is not None and first.type.element is not None and operator not in ("=", "<>"):
        raise ClauseError(position, f"arrays are not compared by {operator} in shapes")
    compare = COMPARISONS[operator]

    def evaluate(row: Row) -> bool | None:
        one = first.evaluate(row)
        if one is None:
            return None
        other = second.evaluate(row)
        return None if other is None else compare(one, other)

    return condition(evaluate, comparison_sql(operator, first, second), position=left.position)


def comparison_sql(operator: str, first: Node, second: Node) -> Write:
    """The SQL of a comparison; of texts by their code points, whatever the database's collation is."""
    collation = ' COLLATE "C"' if first.type is not None and first.type.is_text else ""

    def write(parameters: Parameters) -> str:
        return f"({first.write(parameters)}{collation} {operator} {second.write(parameters)})"

    return write


def distinct(left: Node, right: Node, *, is_not: bool, position: int) -> Node:
    """IS [NOT] DISTINCT FROM."""
    first, second = alike(left, right, "IS DISTINCT FROM", position=position)
    words = "IS NOT DISTINCT FROM" if is_not else "IS DISTINCT FROM"
    return condition(
        lambda row: (first.evaluate(row) != second.evaluate(row)) != is_not,
        comparison_sql(words, first, second),
        position=left.position,
    )


def alike(left: Node, right: Node, operator: str, *, position: int) -> tuple[Node, Node]:
    """Both as values that can be compared with each other."""
    if left.is_untyped and right.is_untyped:
        return left, right
    if left.is_untyped:
        if right.type is not None:
            return as_type(left, right.type), right
    elif right.is_untyped:
        if left.type is not None:
            return left, as_type(right, left.type)
    elif left.type is not None and right.type is not None and left.type.family == right.type.family:
        return _promoted(left, right)
    raise ClauseError(position, f"operator does not exist: {name_of(left)} {operator} {name_of(right)}")


def _promoted(left: Node, right: Node) -> tuple[Node, Node]:
    """Two numbers as doubles, if one of them is not exact; PostgreSQL does so, too."""
    first, second = left.type, right.type
    if first is None or second is None or not first.is_number or first is second:
        return left, right
    if max(first.rank, second.rank) < 5:
        return left, right
    return _double(left), _double(right)


def _double(node: Node) -> Node:
    if node.type is DOUBLE:
        return node

    def evaluate(row: Row) -> Any:
        value = node.evaluate(row)
        return None if value is None else as_double(value)

    return Node(
        type=DOUBLE,
        evaluate=evaluate,
        write=lambda parameters: f"CAST({node.write(parameters)} AS double precision)",
        position=node.position,
    )


def common(nodes: Sequence[Node], what: str, *, position: int) -> Sequence[Node]:
    """All of them as values of the type that the first of them has that has one."""
    typed = next((node for node in nodes if not node.is_untyped), None)
    if typed is None:
        return nodes
    if typed.type is None:
        raise ClauseError(position, f"{what} cannot be made of {name_of(typed)}")
    for node in nodes:
        if not node.is_untyped and (node.type is None or node.type.family != typed.type.family):
            raise ClauseError(
                node.position, f"{what} types {name_of(typed)} and {name_of(node)} cannot be matched"
            )
    return [as_type(node, typed.type) if node.is_untyped else node for node in nodes]


def listed(elements: Sequence[Node], *, position: int) -> Node:
    """ARRAY[…]."""
    nodes = common(elements, "ARRAY", position=position)
    kind = nodes[0].type or TEXT
    if kind.element is not None or any(node.type is not kind for node in nodes):
        raise ClauseError(position, "the elements of an ARRAY must all be of one type, and no arrays")

    def evaluate(row: Row) -> Any:
        from_row = tuple(node.evaluate(row) for node in nodes)
        return arrays_of(from_row)

    def write(parameters: Parameters) -> str:
        return "ARRAY[" + ", ".join(node.write(parameters) for node in nodes) + "]"

    return Node(type=array_of(kind), evaluate=evaluate, write=write, position=position)


def arrays_of(elements: tuple[Any, ...]) -> Any:
    """An array of one dimension."""
    return Array(bounds="", sizes=(len(elements),) if elements else (), elements=elements)
