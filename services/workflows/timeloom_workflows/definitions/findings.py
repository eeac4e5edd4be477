"""What is collected while a definition is looked through."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final

from timeloom_platform.errors import InvalidExpressionError
from timeloom_platform.expressions import Expression, compile_expression
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.document import Place, Problem, place_text
from timeloom_workflows.definitions.durations import DurationError, parse_duration
from timeloom_workflows.definitions.templates import OPENING

CONTRADICTION: Final = "CONTRADICTION"
INVALID_EXPRESSION: Final = "INVALID_EXPRESSION"
UNKNOWN_VARIABLE: Final = "UNKNOWN_VARIABLE"

_UNDECLARED: Final = "undeclared reference to '"
_WHERE: Final = {
    expressions.ITEM: "within the steps of a `foreach`",
    expressions.INDEX: "within the steps of a `foreach`",
    expressions.ITERATION: "within the steps of a `loop`",
    expressions.PREVIOUS: "within the steps of a `loop`",
    expressions.EVENT: "in triggers, and in the `match` of a `wait` for an event",
    expressions.STEPS: "in steps and in `output`",
    expressions.INPUT: "in steps, in `output` and in `flowControl`",
    expressions.EXECUTION: "in steps and in `output`",
    "secret": 'as all that is between `${` and `}`, such as `"Bearer ${ secret("TOKEN") }"`'
    ' or `${ secret("environment", "TOKEN") }`',
}


class Findings:
    """The problems of one definition."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, place: Place, code: str, message: str, *, step_id: str = "") -> None:
        """Adds one."""
        self.problems.append(Problem(place=place_text(place), step_id=step_id, code=code, message=message))

    def duration(self, document: Any, key: str, place: Place, step_id: str = "") -> float | None:
        """Returns a duration in seconds; None if there is none, or none that can be read."""
        text = document.get(key)
        if not isinstance(text, str):
            return None
        try:
            return parse_duration(text).total_seconds()
        except DurationError as error:
            if "at most" in str(error):  # whatever else is wrong, the schema has said
                self.add((*place, key), "INVALID_DURATION", str(error), step_id=step_id)
            return None

    def expression(
        self,
        text: Any,
        place: Place,
        variables: tuple[str, ...],
        *,
        step_id: str = "",
        is_condition: bool = False,
    ) -> Expression | None:
        """Compiles an expression; returns None if it is none."""
        if not isinstance(text, str) or not text:
            return None
        try:
            return compile_expression(text, variables=variables, is_condition=is_condition)
        except InvalidExpressionError as error:
            code, message = _told(text, error.violations[0].description, variables)
            self.add(place, code, message, step_id=step_id)
            return None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Returns a question whether something else was meant; empty if nothing is like it."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _told(text: str, description: str, variables: tuple[str, ...]) -> tuple[str, str]:
    start = description.find(_UNDECLARED)
    if start >= 0:
        name = description[start + len(_UNDECLARED) :].partition("'")[0].partition(".")[0]
        if name in _WHERE and name not in variables:
            return UNKNOWN_VARIABLE, f"names `{name}`, which is known only {_WHERE[name]}"
        seen = ", ".join(f"`{each}`" for each in variables)
        return UNKNOWN_VARIABLE, f"names `{name}`; known here are {seen or 'no variables'}"
    if OPENING in text:
        return INVALID_EXPRESSION, "must be an expression by itself: write it without `${` and `}`"
    return INVALID_EXPRESSION, description
