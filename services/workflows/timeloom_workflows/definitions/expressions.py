"""What the expressions of a definition are made of: the variables they see, and the steps they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from timeloom_platform import expressions
from timeloom_platform.errors import InvalidExpressionError
from timeloom_platform.expressions import Expression

INPUT: Final = "input"
STEPS: Final = "steps"
EXECUTION: Final = "execution"
EVENT: Final = "event"
ITEM: Final = "item"
INDEX: Final = "index"
ITERATION: Final = "iteration"
PREVIOUS: Final = "previous"

IN_STEPS: Final = (INPUT, STEPS, EXECUTION)
"""What every step sees."""

IN_FOREACH: Final = (ITEM, INDEX)
IN_LOOP: Final = (ITERATION, PREVIOUS)
IN_MATCH: Final = (INPUT, STEPS, EXECUTION, EVENT)
"""What a step sees that waits for an event."""

IN_TRIGGER: Final = (EVENT,)
IN_FLOW: Final = (INPUT,)

RESERVED_WORDS: Final = frozenset(
    {
        *(
            "as",
            "break",
            "const",
            "continue",
            "else",
            "false",
            "for",
            "function",
            "if",
            "import",
            "in",
            "let",
        ),
        *("loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
    }
)
"""Words that no member may be called by in the language."""

_STRINGS: Final = re.compile(
    r"""[bBrR]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"|//[^\n]*",
    re.DOTALL,
)
_STEPS: Final = re.compile(r"(?<![\w.])steps\b")
_MEMBER: Final = re.compile(r"\s*\.\s*([A-Za-z_]\w*)")
_INDEX_BEFORE: Final = re.compile(r"\s*\[\s*$")
_INDEXED: Final = re.compile(r"""\s*\[\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)")\s*\]""")


class EvaluationError(ValueError):
    """An expression has no value for the variables that it sees."""


class StepNames:
    """Which steps an expression looks at.

    Attributes:
        ids: Those that it names.
        is_whole: It may look at all of them, for it does not name one by one.
    """

    __slots__ = ("ids", "is_whole")

    def __init__(self, ids: frozenset[str], *, is_whole: bool) -> None:
        self.ids = ids
        self.is_whole = is_whole


NO_STEPS: Final = StepNames(frozenset(), is_whole=False)


def all_names(names: Iterable[StepNames]) -> StepNames:
    """Returns which steps several expressions look at together."""
    each = list(names)
    return StepNames(
        frozenset[str]().union(*(one.ids for one in each)), is_whole=any(one.is_whole for one in each)
    )


class LazyExpression:
    """An expression that is compiled when its value is first asked for.

    Definitions are read far more often than each of their expressions is evaluated.
    """

    __slots__ = ("_compiled", "_variables", "names", "text")

    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        self.text = text
        self.names = step_names(text)
        self._variables = variables
        self._compiled: Expression | None = None

    @property
    def compiled(self) -> Expression:
        """The compiled expression.

        Raises:
            InvalidExpressionError: It does not compile; definitions are checked for it before.
        """
        if self._compiled is None:
            self._compiled = expressions.compile_expression(self.text, variables=self._variables)
        return self._compiled

    def value(self, variables: Mapping[str, Any]) -> Any:
        """Returns its value as JSON.

        Raises:
            EvaluationError: It has none.
        """
        try:
            return self.compiled.value(variables)
        except InvalidExpressionError as error:
            raise self._failed(error) from None

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Tells whether a condition is true; one that names what is not there is not.

        Raises:
            EvaluationError: It is neither true nor false.
        """
        try:
            return self.compiled.holds(variables)
        except InvalidExpressionError as error:
            raise self._failed(error) from None

    def _failed(self, error: InvalidExpressionError) -> EvaluationError:
        return EvaluationError(f"`{self.text}`: {error.violations[0].description}")


def step_names(text: str) -> StepNames:
    """Returns which steps an expression looks at; what stands in its strings does not count."""
    masked = _STRINGS.sub(lambda found: " " * len(found[0]), text)
    ids: set[str] = set()
    is_whole = False
    for found in _STEPS.finditer(masked):
        if member := _MEMBER.match(masked, found.end()):
            ids.add(member[1])
        elif indexed := _INDEXED.match(text, found.end()):
            ids.add(indexed[1] or indexed[2] or "")
        else:
            is_whole = True
    return StepNames(frozenset(ids), is_whole=is_whole)


def literal_truth(text: str) -> bool | None:
    """Returns whether a condition is true whatever its variables are; None if it depends on them."""
    if text.strip() in {"true", "false"}:
        return text.strip() == "true"
    try:
        value = expressions.compile_expression(text, variables=()).evaluate({})
    except InvalidExpressionError:
        return None
    return value if isinstance(value, bool) else None
