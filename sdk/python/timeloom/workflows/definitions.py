"""`@workflow`: what a worker tells the engine of a function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, ParamSpec, TypeVar, cast, overload

from timeloom.workflows import documents
from timeloom.workflows.durations import Duration, text_of
from timeloom.workflows.functions import Durability, Shape, Workflow
from timeloom.workflows.retries import Retry

P = ParamSpec("P")
R = TypeVar("R")

ID_LENGTH_MAX: Final = 128
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@overload
def workflow(function: Callable[P, R], /) -> Workflow[P, R]: ...
@overload
def workflow(
    *,
    id: str | None = None,
    description: str | None = None,
    input_schema: Mapping[str, Any] | None = None,
    triggers: Sequence[Mapping[str, Any]] = (),
    flow_control: Mapping[str, Any] | None = None,
    start_timeout: Duration | None = None,
    timeout: Duration | None = None,
    retry: Retry | None = None,
    durability: Durability | str = Durability.STEP,
) -> Callable[[Callable[P, R]], Workflow[P, R]]: ...
def workflow(
    function: Callable[..., Any] | None = None,
    /,
    *,
    id: str | None = None,  # noqa: A002 - the definition's word
    description: str | None = None,
    input_schema: Mapping[str, Any] | None = None,
    triggers: Sequence[Mapping[str, Any]] = (),
    flow_control: Mapping[str, Any] | None = None,
    start_timeout: Duration | None = None,
    timeout: Duration | None = None,
    retry: Retry | None = None,
    durability: Durability | str = Durability.STEP,
) -> Any:
    """Make a workflow of an asynchronous function, which takes the execution's input and returns its output.

    Args:
        function: What is decorated.
        id: By which it is executed; the function's name if None.
        description: For people; the function's docstring if None.
        input_schema: The JSON Schema of the input; what the function's annotation says if None.
        triggers: What makes it begin by itself, as definitions write it.
        flow_control: Limits of concurrency and rate, as definitions write them.
        start_timeout: It fails if it has not begun by then.
        timeout: It fails if it has not ended by then.
        retry: When a whole execution that failed is tried again; never if None.
        durability: How many steps may end before they are committed: `"step"`, `"group"` or `"exit"`.

    Raises:
        ValueError: The id is none, or the function is not asynchronous or takes more than the input.
    """

    def decorate(function: Callable[..., Any]) -> Workflow[..., Any]:
        shape = Shape.of(function)
        workflow_id = _checked_id(str(id or getattr(function, "__name__", "")))
        if not shape.is_async:
            raise ValueError(f"the workflow {workflow_id!r} must be an async function")
        if len(shape.parameters) > 1:
            raise ValueError(f"the workflow {workflow_id!r} takes one parameter at most: the input")
        definition: dict[str, Any] = {
            "id": workflow_id,
            "description": description if description is not None else inspect.getdoc(function) or "",
            "input": input_schema if input_schema is not None else documents.schema_of(shape.input_type),
            "triggers": list(triggers),
            "flowControl": flow_control,
            "timeouts": _timeouts(start_timeout, timeout),
            "retry": retry.document() if retry is not None else None,
        }
        return Workflow(
            id=workflow_id,
            function=function,
            shape=shape,
            definition={name: value for name, value in definition.items() if value},
            durability=Durability[durability.upper()] if isinstance(durability, str) else durability,
        )

    return decorate if function is None else decorate(function)


def definition_document(made: Workflow[..., Any]) -> bytes:
    """Return a workflow's definition as the engine takes it."""
    return documents.written(cast("dict[str, Any]", made.definition))


def _timeouts(start: Duration | None, execution: Duration | None) -> dict[str, str]:
    given = {"start": start, "execution": execution}
    return {name: text_of(duration) for name, duration in given.items() if duration is not None}


def _checked_id(workflow_id: str) -> str:
    if len(workflow_id) > ID_LENGTH_MAX or not _ID.fullmatch(workflow_id):
        raise ValueError(
            f"{workflow_id!r} is no id of a workflow: up to {ID_LENGTH_MAX} letters, digits, '_', '.' and '-'"
        )
    return workflow_id
