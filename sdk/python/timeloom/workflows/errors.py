"""What can go wrong in a workflow, and what its functions raise to say so."""

from __future__ import annotations

import traceback
from typing import Final

from timeloom.workflows.v1 import workflows_pb2 as pb

TYPE_LENGTH_MAX: Final = 200
MESSAGE_LENGTH_MAX: Final = 10_000
STACK_LENGTH_MAX: Final = 100_000


class WorkflowError(Exception):
    """Something in a workflow failed.

    Attributes:
        type: The class of the error, also where it came from another process.
        message: What happened, for people.
        stack: The stack trace of where it happened; may be empty.
        step_id: The step it came from; empty if it came from none.
        is_final: Trying again cannot help.
    """

    def __init__(
        self,
        message: str = "",
        *,
        type: str = "",  # noqa: A002 - the contract's word
        stack: str = "",
        step_id: str = "",
        is_final: bool = False,
    ) -> None:
        super().__init__(message)
        self.type = type or self.__class__.__name__
        self.message = message
        self.stack = stack
        self.step_id = step_id
        self.is_final = is_final


class StepError(WorkflowError):
    """A step failed for good; `type` names the class of what its function raised."""

    def __str__(self) -> str:
        return f"{self.step_id}: {self.type}: {self.message}"


class FinalError(WorkflowError):
    """Raised by a step or task whose next try would fail in the same way."""

    def __init__(self, message: str = "", *, type: str = "") -> None:  # noqa: A002
        super().__init__(message, type=type, is_final=True)


class CompensationError(WorkflowError):
    """What a step did could not be undone."""


class NonDeterminismError(WorkflowError):
    """The code does something else than what the execution remembers of it."""

    def __init__(self, message: str, *, step_id: str = "") -> None:
        super().__init__(message, step_id=step_id, is_final=True)


def failure_of(error: BaseException, *, step_id: str = "") -> pb.WorkflowError:
    """Return an error as the API knows it, cut to what it takes."""
    if isinstance(error, WorkflowError):
        kind, message, is_final = error.type, error.message, error.is_final
        stack, step_id = error.stack or _stack_of(error), error.step_id or step_id
    else:
        kind, message, is_final, stack = type(error).__name__, str(error), False, _stack_of(error)
    return pb.WorkflowError(
        type=_sayable(kind)[:TYPE_LENGTH_MAX],
        message=_sayable(message)[:MESSAGE_LENGTH_MAX],
        stack=_sayable(stack)[-STACK_LENGTH_MAX:],
        step_id=step_id,
        is_final=is_final,
    )


def step_error_of(failure: pb.WorkflowError, *, step_id: str) -> StepError:
    """Return what a workflow's code gets for a step that failed."""
    return StepError(
        failure.message,
        type=failure.type,
        stack=failure.stack,
        step_id=failure.step_id or step_id,
        is_final=failure.is_final,
    )


def _stack_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _sayable(text: str) -> str:
    """Return a text without what UTF-8 or PostgreSQL have no word for."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
