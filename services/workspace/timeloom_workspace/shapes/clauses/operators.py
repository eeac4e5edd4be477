"""The operators and functions of clauses, besides comparisons and what joins conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from timeloom_workspace.shapes.clauses import patterns
from timeloom_workspace.shapes.clauses.arrays import Array
from timeloom_workspace.shapes.clauses.nodes import (
    COMPARISONS,
    Node,
    Parameters,
    Row,
    alike,
    as_type,
    both,
    common,
    compared,
    comparison_sql,
    condition,
    constant,
    either,
    name_of,
)
from timeloom_workspace.shapes.clauses.values import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    NUMERIC,
    SMALLINT,
    TEXT,
    UUID,
    Type,
    array_of,
    as_double,
)
from timeloom_workspace.shapes.errors import ClauseError


def like(left: Node, pattern: Node, *, ignores_case: bool, position: int) -> Node:
    """LIKE and ILIKE; the pattern has to be the same for every row."""
    text = as_type(left, TEXT)
    if not pattern.is_untyped:
        raise ClauseError(pattern.position, "the pattern of LIKE must be a string or a parameter")
    if pattern.literal is None:
        return condition(lambda _: None, lambda _: "CAST(NULL AS boolean)", position=position)
    bound = constant(pattern.literal, TEXT, position=pattern.position)
    try:
        matches = patterns.matcher(pattern.literal, ignores_case=ignores_case)
    except ValueError as error:
        raise ClauseError(pattern.position, str(error)) from None
    word = "ILIKE" if ignores_case else "LIKE"

    def evaluate(row: Row) -> bool | None:
        value = text.evaluate(row)
        return None if value is None else matches(value)

    return condition(evaluate, comparison_sql(word, text, bound), position=position)


def between(value: Node, bounds: tuple[Node, Node], *, is_symmetric: bool, position: int) -> Node:
    """BETWEEN, which is two comparisons."""
    lower, upper = bounds
    within = _within(value, lower, upper, position=position)
    if not is_symmetric:
        return within
    return either(within, _within(value, upper, lower, position=position))


def _within(value: Node, lower: Node, upper: Node, *, position: int) -> Node:
    return both(
        compared(">=", value, lower, position=position), compared("<=", value, upper, position=position)
    )


def one_of(value: Node, choices: Sequence[Node], *, position: int) -> Node:
    """IN, which is a comparison with each, as values of the type that all of them have in common."""
    typed = common([value, *choices], "IN", position=position)[1:]
    return either(*(compared("=", value, choice, position=position) for choice in typed))


def any_or_all(operator: str, value: Node, array: Node, *, is_all: bool, position: int) -> Node:
    """`operator ANY (array)` and `operator ALL (array)`."""
    elements = _array_for(value, array, position=position)
    kind = _element_of(elements)
    single = as_type(value, kind)
    if single.type is not kind:
        raise ClauseError(position, f"operator does not exist: {name_of(single)} {operator} {kind.name}")
    compare, decisive = COMPARISONS[operator], not is_all

    def evaluate(row: Row) -> bool | None:
        contents = elements.evaluate(row)
        if contents is None:
            return None
        one = single.evaluate(row)
        if one is None:
            return None if contents.elements else is_all
        if any(each is not None and compare(one, each) is decisive for each in contents.elements):
            return decisive
        return None if None in contents.elements else is_all

    word = "ALL" if is_all else "ANY"
    collation = ' COLLATE "C"' if kind.is_text else ""

    def write(parameters: Parameters) -> str:
        return f"({single.write(parameters)}{collation} {operator} {word} ({elements.write(parameters)}))"

    return condition(evaluate, write, position=position)


def _array_for(value: Node, array: Node, *, position: int) -> Node:
    if not array.is_untyped:
        return array
    if value.type is None or value.type.element is not None:
        raise ClauseError(position, f"an array of {name_of(value)} is not supported")
    return as_type(array, array_of(value.type))


def _element_of(array: Node) -> Type:
    if array.type is None or array.type.element is None:
        raise ClauseError(array.position, f"ANY and ALL need an array, and this is {name_of(array)}")
    return array.type.element


def _contains(left: Array, right: Array) -> bool:
    return all(each is not None and each in left.elements for each in right.elements)


def _overlaps(left: Array, right: Array) -> bool:
    return any(each is not None and each in right.elements for each in left.elements)


_ARRAY_OPERATORS: Final[Mapping[str, Callable[[Array, Array], bool]]] = {
    "@>": _contains,
    "<@": lambda left, right: _contains(right, left),
    "&&": _overlaps,
}


def on_arrays(operator: str, left: Node, right: Node, *, position: int) -> Node:
    """`@>`, `<@` and `&&`."""
    first, second = alike(left, right, operator, position=position)
    if first.type is None or first.type.element is None or first.type.name != _name(second):
        raise ClauseError(position, f"operator does not exist: {name_of(left)} {operator} {name_of(right)}")
    decide = _ARRAY_OPERATORS[operator]

    def evaluate(row: Row) -> bool | None:
        one, other = first.evaluate(row), second.evaluate(row)
        return None if one is None or other is None else decide(one, other)

    def write(parameters: Parameters) -> str:
        return f"({first.write(parameters)} {operator} {second.write(parameters)})"

    return condition(evaluate, write, position=position)


def _name(node: Node) -> str:
    return node.type.name if node.type is not None else ""


def joined(left: Node, right: Node) -> Node:
    """`||` of texts."""
    first, second = as_type(left, TEXT), as_type(right, TEXT)

    def evaluate(row: Row) -> str | None:
        one, other = first.evaluate(row), second.evaluate(row)
        return None if one is None or other is None else one + other

    def write(parameters: Parameters) -> str:
        return f"({first.write(parameters)} || {second.write(parameters)})"

    return Node(type=TEXT, evaluate=evaluate, write=write, position=left.position)


_EXACT_ORDER: Final = (SMALLINT, INTEGER, BIGINT, NUMERIC)
_WRITTEN_ALIKE: Final = (SMALLINT, INTEGER, BIGINT, UUID)


def cast(node: Node, kind: Type, *, position: int) -> Node:
    """A value as another type, where that cannot fail in any row."""
    if node.is_untyped:
        return constant(node.literal, kind, position=node.position)
    if node.type is not None and node.type.name == kind.name:
        return node
    change = _change(node.type, kind)
    if change is None:
        raise ClauseError(position, f"a cast from {name_of(node)} to {kind.name} is not supported")

    def evaluate(row: Row) -> Any:
        value = node.evaluate(row)
        return None if value is None else change(value)

    def write(parameters: Parameters) -> str:
        return f"CAST({node.write(parameters)} AS {kind.name})"

    return Node(type=kind, evaluate=evaluate, write=write, position=node.position)


def _change(source: Type | None, target: Type) -> Callable[[Any], Any] | None:
    change: Callable[[Any], Any] | None = None
    if source is None:
        return None
    if target is TEXT and source in _WRITTEN_ALIKE:
        change = str
    elif target is TEXT and source is BOOLEAN:
        change = _truth_text
    elif target is DOUBLE and source in _EXACT_ORDER[:3]:
        change = as_double
    elif source in _EXACT_ORDER and target in _EXACT_ORDER and source.rank < target.rank:
        change = _same
    return change


def _truth_text(value: bool) -> str:  # noqa: FBT001 - a value like any other
    return "true" if value else "false"


def _same(value: Any) -> Any:
    return value


def _of_text(name: str, apply: Callable[[str], Any], result: Type) -> Callable[[Sequence[Node], int], Node]:
    def make(arguments: Sequence[Node], position: int) -> Node:
        if len(arguments) != 1:
            raise ClauseError(position, f"{name} takes one argument")
        text = as_type(arguments[0], TEXT)

        def evaluate(row: Row) -> Any:
            value = text.evaluate(row)
            return None if value is None else apply(value)

        def write(parameters: Parameters) -> str:
            return f'{name}({text.write(parameters)} COLLATE "C")'

        return Node(type=result, evaluate=evaluate, write=write, position=position)

    return make


def _coalesce(arguments: Sequence[Node], position: int) -> Node:
    nodes = common(arguments, "COALESCE", position=position)
    kind = nodes[0].type
    if any(node.type is not kind for node in nodes):
        raise ClauseError(position, "the arguments of coalesce must all be of one type")

    def evaluate(row: Row) -> Any:
        for node in nodes:
            value = node.evaluate(row)
            if value is not None:
                return value
        return None

    def write(parameters: Parameters) -> str:
        return "COALESCE(" + ", ".join(node.write(parameters) for node in nodes) + ")"

    return Node(type=kind, evaluate=evaluate, write=write, position=position)


def _concat(arguments: Sequence[Node], position: int) -> Node:
    nodes = [as_type(argument, TEXT) for argument in arguments]

    def evaluate(row: Row) -> str:
        return "".join(node.evaluate(row) or "" for node in nodes)

    def write(parameters: Parameters) -> str:
        return "concat(" + ", ".join(node.write(parameters) for node in nodes) + ")"

    return Node(type=TEXT, evaluate=evaluate, write=write, position=position)


FUNCTIONS: Final[Mapping[str, Callable[[Sequence[Node], int], Node]]] = {
    "lower": _of_text("lower", patterns.lower, TEXT),
    "upper": _of_text("upper", patterns.upper, TEXT),
    "length": _of_text("length", len, INTEGER),
    "coalesce": _coalesce,
    "concat": _concat,
}
