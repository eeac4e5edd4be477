"""All that is wrong with a definition, with the places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from timeloom.state import canonical
from timeloom_platform.errors import FieldViolation, MalformedJsonError
from timeloom_workflows.definitions import expressions
from timeloom_workflows.definitions.beginnings import check_flow_control, check_triggers
from timeloom_workflows.definitions.document import DefinitionDocument, Place, Problem
from timeloom_workflows.definitions.fields import check_retry, check_template
from timeloom_workflows.definitions.findings import CONTRADICTION, Findings
from timeloom_workflows.definitions.kinds import list_of, object_of, text_of
from timeloom_workflows.definitions.schemas import SchemaProblemError, check_schema
from timeloom_workflows.definitions.single_step import TOO_DEEP, UNKNOWN_STEP, Scope
from timeloom_workflows.definitions.steps import StepChecker
from timeloom_workflows.definitions.structure import (
    MISSING_FIELD,
    UNKNOWN_FIELD,
    structure_problems,
)
from timeloom_workflows.errors import InvalidDefinitionError
from timeloom_workflows.limits import (
    DEFINITION_BYTES_MAX,
    DEFINITION_NESTING_MAX,
    PROBLEMS_MAX,
    STEPS_PER_DEFINITION_MAX,
)
from timeloom_workflows.model import WorkflowKind

WHOLE: Final = "definition"
"""What the violations call the whole of it, as the requests do."""

MALFORMED_JSON: Final = "MALFORMED_JSON"
TOO_LARGE: Final = "TOO_LARGE"
TOO_MANY_STEPS: Final = "TOO_MANY_STEPS"

_NUMBERS: Final = re.compile(r"(\d+)")
_LISTS: Final = ("steps", "then", "else", "default")
_STEPS_ONLY: Final = ("steps", "output")
"""What the definition of a worker's code does not have: its code says it."""


def checked(text: bytes, *, kind: WorkflowKind) -> DefinitionDocument:
    """Returns the document of a definition.

    Raises:
        InvalidDefinitionError: It has problems; the violations name the places.
        MalformedJsonError: It is no JSON.
    """
    problems = problems_of(text, kind=kind)
    if not problems:
        return DefinitionDocument.of(text, kind=kind)
    violations = [
        FieldViolation(field=each.place or WHOLE, description=_described(each)) for each in problems
    ]
    first = violations[0]
    more = f" There are {len(problems) - 1} more problems." if len(problems) > 1 else ""
    message = f"{first.field}: {first.description}.{more}"
    if problems[0].code == MALFORMED_JSON:
        raise MalformedJsonError(message, violations=violations)
    raise InvalidDefinitionError(message, violations=violations)


def problems_of(text: bytes, *, kind: WorkflowKind) -> list[Problem]:
    """Returns all that is wrong with a definition, or the first hundred things."""
    if len(text) > DEFINITION_BYTES_MAX:
        return [_whole(TOO_LARGE, f"has {len(text):,} bytes; at most {DEFINITION_BYTES_MAX:,} are allowed")]
    try:
        value = canonical.decode(text)
    except canonical.CanonicalError as error:
        return [_whole(MALFORMED_JSON, str(error))]
    definition = object_of(value)
    if definition is None:
        return structure_problems(value)
    too_much = _too_much(definition)
    if too_much is not None:
        return [too_much]
    findings = Findings()
    findings.problems += structure_problems(definition)
    _check(findings, definition, kind)
    unique = dict.fromkeys(findings.problems)
    return sorted(unique, key=_order)[:PROBLEMS_MAX]


def _check(findings: Findings, definition: dict[str, Any], kind: WorkflowKind) -> None:
    _check_input(findings, definition)
    check_triggers(findings, definition)
    check_flow_control(findings, definition.get("flowControl"))
    _check_timeouts(findings, definition.get("timeouts"))
    check_retry(findings, definition.get("retry"), ("retry",))
    if kind == WorkflowKind.CODE:
        for key in _STEPS_ONLY:
            if key in definition:
                findings.add((key,), UNKNOWN_FIELD, "is not known here: a worker's code says what is done")
        return
    if "steps" not in definition:
        findings.add(("steps",), MISSING_FIELD, "is required: what is done")
        return
    if definition["steps"] == []:
        findings.add(("steps",), MISSING_FIELD, "has nothing in it: there has to be something to do")
    _check_steps(findings, definition)


def _check_steps(findings: Findings, definition: dict[str, Any]) -> None:
    all_ids = frozenset(text_of(step, "id") for _, step in steps_in(definition)) - {""}
    checker = StepChecker(findings, text_of(definition, "id"), all_ids)
    ids = checker.check_list(definition["steps"], ("steps",), Scope(variables=expressions.IN_STEPS))

    def check_names(names: expressions.StepNames, place: Place) -> None:
        for step_id in sorted(names.ids - ids):
            findings.add(place, UNKNOWN_STEP, checker.unknown_step(step_id, ids))

    if "output" in definition:
        check_template(findings, definition["output"], ("output",), expressions.IN_STEPS, names=check_names)


def _check_input(findings: Findings, definition: dict[str, Any]) -> None:
    if not isinstance(definition.get("input"), dict):
        return
    try:
        check_schema(definition["input"])
    except SchemaProblemError as error:
        findings.add(("input", *error.place), "INVALID_SCHEMA", error.message)


def _check_timeouts(findings: Findings, value: Any) -> None:
    timeouts = object_of(value)
    if timeouts is None:
        return
    start = findings.duration(timeouts, "start", ("timeouts",))
    execution = findings.duration(timeouts, "execution", ("timeouts",))
    if start is not None and execution is not None and start > execution:
        findings.add(
            ("timeouts", "start"),
            CONTRADICTION,
            "is longer than `execution`: it would have to have ended before it has to have begun",
        )


def steps_in(definition: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields all steps of a definition, however deep, with how deep they are."""
    pending: list[tuple[int, Any]] = [(1, definition.get("steps"))]
    while pending:
        depth, value = pending.pop()
        for each in list_of(value):
            step = object_of(each)
            if step is not None:
                yield depth, step
                pending.extend((depth + 1, inner) for inner in _lists_in(step))


def _lists_in(step: dict[str, Any]) -> Iterator[Any]:
    for key in _LISTS:
        yield step.get(key)
    yield from list_of(step.get("branches"))
    for each in list_of(step.get("cases")):
        yield (object_of(each) or {}).get("steps")


def _too_much(definition: dict[str, Any]) -> Problem | None:
    """Returns what keeps a definition from being looked through at all; None if nothing does."""
    count = 0
    for depth, step in steps_in(definition):
        count += 1
        if depth > DEFINITION_NESTING_MAX:
            return Problem(
                place="steps",
                step_id=text_of(step, "id"),
                code=TOO_DEEP,
                message=f"has a step that is too deep: steps stand at most {DEFINITION_NESTING_MAX} within "
                "each other; let another workflow do the inner part",
            )
    if count > STEPS_PER_DEFINITION_MAX:
        return Problem(
            place="steps",
            code=TOO_MANY_STEPS,
            message=f"has {count:,} steps; at most {STEPS_PER_DEFINITION_MAX:,} are allowed",
        )
    return None


def _order(problem: Problem) -> list[tuple[int, str]]:
    """Returns what sorts problems by their places, and numbers in these by their size."""
    return [(int(each), "") if each.isdecimal() else (-1, each) for each in _NUMBERS.split(problem.place)]


def _whole(code: str, message: str) -> Problem:
    return Problem(place="", code=code, message=message)


def _described(problem: Problem) -> str:
    return f"{problem.message} (step `{problem.step_id}`)" if problem.step_id else problem.message
