"""From the messages of the contract to the questions that are asked of executions."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.expressions import compile_expression
from timeloom_snapshots.bisecting import Question

PREDICATE_VARIABLES: Final = ("state", "snapshot", "good")


def question_of(request: messages.BisectExecutionRequest) -> Question:
    """Returns what a bisection asks.

    Raises:
        InvalidFieldError: There is neither an expression nor a good execution, or the good snapshot is not
            before the bad one.
        InvalidExpressionError: The expression does not compile, or is not true or false.
    """
    if not request.expression and not request.good_execution_id:
        raise InvalidFieldError.of("expression", "must be given where there is no good execution")
    if request.bad_sequence and request.good_sequence >= request.bad_sequence:
        raise InvalidFieldError.of("goodSequence", "must be before the bad snapshot")
    expression = None
    if request.expression:
        expression = compile_expression(request.expression, variables=PREDICATE_VARIABLES, is_condition=True)
    return Question(
        execution_id=UUID(request.execution_id),
        expression=expression,
        good_sequence=request.good_sequence,
        bad_sequence=request.bad_sequence,
        good_execution_id=UUID(request.good_execution_id) if request.good_execution_id else None,
        is_exhaustive=request.exhaustive,
    )
