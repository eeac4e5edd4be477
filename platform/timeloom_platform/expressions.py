"""Expressions that callers send: Google's Common Expression Language (CEL), the pure functions of it alone.

The evaluator is cel-cpp, Google's own, by way of `cel-expr-python`. Of the three for Python it is the one
that has types before it has values (a wrong operator is refused when it is compiled, with its place), counts
a string in code points as the specification says, bounds by itself how deep an expression nests (32 levels)
and how often its comprehensions turn (10,000 times an evaluation), has regular expressions that take linear
time, and converts a state of 550 KB in 2 ms, where the one in Rust takes 10 and the one in Python 24. It has
wheels for Linux and macOS, and needs nothing else.

What has no comprehension takes time in proportion to the values, and is evaluated here. What has one may take
minutes all the same, and goes to a process of its own that has half a second (`expression_process`).

A member's name ends for it at U+0000: two that differ only after that make an expression over the whole fail.

Nothing in the language reads a clock, a file or a network, and nothing of ours is added to it.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from timeloom_platform import expression_process
from timeloom_platform.errors import FieldViolation, InvalidExpressionError

if TYPE_CHECKING:
    from cel_expr_python import (  # pyright: ignore[reportMissingTypeStubs] - they are there, it does not say so
        cel,
    )

TEXT_LENGTH_MAX: Final = 4096
PROBLEM_LENGTH_MAX: Final = 300
"""Of what the compiler says, so much is passed on."""

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**64 - 1
"""The integers of the language, signed and unsigned together."""

_COMPILED_MAX: Final = 256

_PLACE: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_STATUS: Final = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_MISSING: Final = ("NOT_FOUND: ", "UNKNOWN: Index error: index=", "INVALID_ARGUMENT: Applying SELECT to ")
_TOO_LARGE: Final = re.compile(r"^INVALID_ARGUMENT: Integer value .* out of range for ", re.DOTALL)
_COMMENT: Final = "//"
_ACCUMULATOR: Final = b"@result"
"""The variable in which every comprehension of a compiled expression collects."""

_PROCESS: Final = expression_process.ExpressionProcess()

_Members: TypeAlias = frozenset[str] | None
"""The members of a variable that an expression names; None if it may look at the whole of it."""


class MissingValueError(InvalidExpressionError):
    """The expression names a member or an element that is not there."""


class Expression:
    """An expression, compiled; it may be evaluated by several threads.

    Attributes:
        may_take_long: It has comprehensions. A thread should ask then, in which others wait for nothing.
    """

    def __init__(self, text: str, compiled: cel.Expression, names: Mapping[str, _Members]) -> None:
        """Take what the compiler made; use `compile_expression`."""
        self.text = text
        self._compiled = compiled
        self._names = names
        self.may_take_long = _ACCUMULATOR in compiled.serialize()

    @property
    def may_be_condition(self) -> bool:
        """Whether it is true or false, as far as that is known before it has values."""
        return self._compiled.return_type() in (_cel().Type.BOOL, _cel().Type.DYN)

    @property
    def may_be_list(self) -> bool:
        """Whether it comes to a list, as far as that is known before it has values."""
        kind = self._compiled.return_type().name()
        return kind == _cel().Type.DYN.name() or kind.partition("<")[0] == "LIST"

    def names(self, variable: str) -> bool:
        """Tell whether the expression may look at a variable."""
        return variable in self._names

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Return the expression's value for JSON values; only what it names of them is looked at.

        Integers of more than 64 bits, which the language does not have, count as doubles.

        Raises:
            MissingValueError: It names a member or an element that is not there.
            InvalidExpressionError: It has no value for these variables, or takes too many steps.
        """
        named = self._named(variables)
        try:
            return self._run(named)
        except _IntegerTooLargeError:
            return self._run({name: _with_doubles(value) for name, value in named.items()})

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Tell whether a condition is true; it is not where it names something that is not there.

        Raises:
            InvalidExpressionError: It has no value, or one that is neither true nor false; or takes too long.
        """
        if self.may_take_long:
            return bool(self._asked(variables, is_condition=True))
        return self.holds_here(variables)

    def holds_here(self, variables: Mapping[str, Any]) -> bool:
        """Tell the same in this process, however long it takes."""
        try:
            value = self.evaluate(variables)
        except MissingValueError:
            return False
        if not isinstance(value, bool):
            raise _invalid("is neither true nor false here")
        return value

    def value(self, variables: Mapping[str, Any]) -> Any:
        """Return the expression's value as JSON.

        Times are written as in RFC 3339, durations in seconds with an `s`, bytes in base64, and names of
        members that are no texts as texts.

        Raises:
            MissingValueError: It names a member or an element that is not there.
            InvalidExpressionError: It has no value for these variables, or none in JSON; or takes too long.
        """
        if self.may_take_long:
            return self._asked(variables, is_condition=False)
        return self.value_here(variables)

    def value_here(self, variables: Mapping[str, Any]) -> Any:
        """Return the same in this process, however long it takes."""
        return _json(self.evaluate(variables))

    def _asked(self, variables: Mapping[str, Any], *, is_condition: bool) -> Any:
        answer = _PROCESS.ask(self.text, self._named(variables), is_condition=is_condition)
        if answer.problem:
            raise _invalid(
                answer.problem, kind=MissingValueError if answer.is_missing else InvalidExpressionError
            )
        return answer.value

    def _named(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _part(variables[name], members)
            for name, members in self._names.items()
            if name in variables
        }

    def _run(self, variables: dict[str, Any]) -> Any:
        try:
            value = self._compiled.eval(data=variables)
        except RuntimeError as error:  # what the evaluator raises where it gives up
            raise _invalid(_STATUS.sub("", str(error))) from None
        if value.type() != _cel().Type.ERROR:
            return value.plain_value()
        problem = str(value.plain_value())
        if _TOO_LARGE.match(problem):
            raise _IntegerTooLargeError
        kind = MissingValueError if problem.startswith(_MISSING) else InvalidExpressionError
        raise _invalid(_STATUS.sub("", problem), kind=kind)


def answer(text: str, variables: Mapping[str, Any], is_condition: bool) -> expression_process.Answer:  # noqa: FBT001 - as it is asked
    """Tell in this process what an expression comes to, or else why it comes to nothing."""
    try:
        expression = compile_expression(text, variables=tuple(variables))
        value = expression.holds_here(variables) if is_condition else expression.value_here(variables)
    except InvalidExpressionError as error:
        return expression_process.Answer(
            None, error.violations[0].description, isinstance(error, MissingValueError)
        )
    return expression_process.Answer(value)


class _IntegerTooLargeError(Exception):
    """A value has an integer that the language does not have."""


def compile_expression(
    text: str, *, variables: tuple[str, ...], is_condition: bool = False, field: str = "expression"
) -> Expression:
    """Compile an expression over some variables.

    Args:
        text: The expression.
        variables: The names that it may use. Their values may be of any type.
        is_condition: It must be true or false, as far as that is known before it has values.
        field: What the request calls it, for the error.

    Raises:
        InvalidExpressionError: It does not compile; the message says where.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise _invalid(f"has more than {TEXT_LENGTH_MAX:,} characters", field=field)
    try:
        expression = _compile(text, variables)
    except RuntimeError as error:  # what the compiler raises
        raise _refused(str(error), field) from None
    if is_condition and not expression.may_be_condition:
        raise _invalid("must be true or false", field=field)
    return expression


@lru_cache(maxsize=_COMPILED_MAX)
def _compile(text: str, variables: tuple[str, ...]) -> Expression:
    compiled = _environment(variables).compile(text)
    names = {name: _members_named(text, name) for name in variables if _occurs(text, name)}
    return Expression(text, compiled, names)


@lru_cache(maxsize=_COMPILED_MAX)
def _environment(variables: tuple[str, ...]) -> cel.Env:
    library = _cel()
    environment: cel.Env = library.NewEnv(variables=dict.fromkeys(variables, library.Type.DYN))
    return environment


@cache
def _cel() -> Any:
    """The evaluator, loaded with the first expression: most services never see one."""
    return import_module("cel_expr_python.cel")


def _occurs(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def _members_named(text: str, name: str) -> _Members:
    """Return the members of a variable that a text can possibly mean.

    Wherever the name stands, even within a string, it counts; unless a member follows for sure, the whole
    variable does. So too much may be passed to the evaluator, but never too little.
    """
    if _COMMENT in text:  # it may stand between a name and what follows it
        return None
    named: set[str] = set()
    for found in re.finditer(rf"\b{name}\b", text):
        member = _MEMBER.match(text, found.end()) or _INDEX.match(text, found.end())
        if member is None:
            return None
        named.add(member["name"])
    return frozenset(named)


_MEMBER: Final = re.compile(r"\s*\.\s*(?P<name>[A-Za-z_]\w*+)(?!\s*\()")
_INDEX: Final = re.compile(r"""\s*\[\s*(?P<quote>['"])(?P<name>[^'"\\\n]*)(?P=quote)\s*\]""")


def _part(value: Any, members: _Members) -> Any:
    if members is None or _kind_of(value) is not dict:
        return value
    return {name: value[name] for name in members if name in value}


def _json(value: Any) -> Any:
    """Return a value of the language as JSON."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list):
        elements: list[Any] = value  # pyright: ignore[reportUnknownVariableType] - of JSON, anything
        return [_json(element) for element in elements]
    if isinstance(value, dict):
        members: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType] - of JSON, anything
        return {_name(key): _json(member) for key, member in members.items()}
    return _text(value)


def _text(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            seconds = value.total_seconds()
            return f"{int(seconds) if seconds.is_integer() else seconds}s"
        case bytes() | bytearray():
            return base64.b64encode(value).decode("ascii")
        case _:
            raise _invalid("has a value that JSON does not have")


def _name(key: object) -> str:
    match key:
        case str():
            return key
        case bool():
            return "true" if key else "false"
        case _:
            return str(key)


def _with_doubles(value: Any) -> Any:
    kind = _kind_of(value)
    if kind is dict:
        return {name: _with_doubles(member) for name, member in value.items()}
    if kind is list:
        return [_with_doubles(element) for element in value]
    if kind is int and not INTEGER_MIN <= value <= INTEGER_MAX:
        return _double(value)
    return value


def _kind_of(value: object) -> type[object]:
    return type(value)


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _refused(report: str, field: str) -> InvalidExpressionError:
    """Return the error for what the compiler reports: its first finding, and where it is."""
    found = _PLACE.search(report)
    if found is None or int(found[1]) < 1:
        problem = found[3] if found else report
        return _invalid(f"does not compile: {_STATUS.sub('', problem)}", field=field)
    line, column, problem = int(found[1]), int(found[2]), _STATUS.sub("", found[3])
    return _invalid(
        f"does not compile: line {line}, column {column}: {problem}",
        field=field,
        metadata={"line": str(line), "column": str(column)},
    )


def _invalid(
    problem: str,
    *,
    kind: type[InvalidExpressionError] = InvalidExpressionError,
    field: str = "expression",
    metadata: Mapping[str, str] | None = None,
) -> InvalidExpressionError:
    violation = FieldViolation(field=field, description=problem[:PROBLEM_LENGTH_MAX])
    return kind(f"{field} {violation.description}", violations=(violation,), metadata=metadata)
