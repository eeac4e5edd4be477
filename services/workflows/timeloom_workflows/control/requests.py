"""From the messages of the contract to the nouns of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import Raw

from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom.workflows.v1 import workflows_pb2, workflows_service_pb2
from timeloom_platform.errors import FieldViolation, InvalidFieldError, MalformedJsonError
from timeloom_platform.times import optional_time
from timeloom_workflows.control.forking import ForkChanges
from timeloom_workflows.errors import refuse_nul
from timeloom_workflows.storage.queries import ExecutionFilter, ExecutionOrder
from timeloom_workflows.storage.stats import StatsFilter

_DIRECTIONS: Final = ("asc", "desc")

T = TypeVar("T")


def document_of(data: bytes, field: str) -> bytes | None:
    """Returns a JSON document as it came; None if there is none.

    Raises:
        MalformedJsonError: It does not parse.
    """
    if not data:
        return None
    _decoded(data, field, Raw)
    return data


def fork_changes_of(request: messages.ForkWorkflowExecutionRequest) -> ForkChanges:
    """Reads in what a fork is to differ from its original.

    Raises:
        MalformedJsonError: A document does not parse.
        InvalidFieldError: The outputs are no object, or a text has a character that is not allowed.
    """
    return ForkChanges(
        input=document_of(request.input, "input"),
        outputs=_outputs_of(request.outputs),
        version=request.version,
        tags=tags_of(request.tags),
    )


def tags_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Returns tags in their order, each once.

    Raises:
        InvalidFieldError: One has a character that is not allowed.
    """
    for tag in tags:
        refuse_nul("tags", tag)
    return tuple(dict.fromkeys(tags))


def filter_of(message: workflows_pb2.WorkflowExecutionFilter) -> ExecutionFilter:
    """Reads which executions are wanted.

    Raises:
        MalformedJsonError: The attributes do not parse.
        InvalidFieldError: A field has a value that is not allowed.
    """
    for workflow_id in message.workflow_ids:
        refuse_nul("filter.workflowIds", workflow_id)
    for tag in message.tags:
        refuse_nul("filter.tags", tag)
    refuse_nul("filter.errorType", message.error_type)
    return ExecutionFilter(
        workflow_ids=tuple(message.workflow_ids),
        statuses=tuple(message.statuses),
        tags=tuple(message.tags),
        attributes=_attributes_of(message.attributes),
        created_after=optional_time(message, "created_after", "filter.createdAfter"),
        created_before=optional_time(message, "created_before", "filter.createdBefore"),
        trigger=message.trigger,
        parent_id=_uuid_of(message.parent_execution_id, "filter.parentExecutionId"),
        workflow_version=message.workflow_version,
        error_type=message.error_type,
        waiting_for=message.waiting_for,
    )


def order_of(order_by: str) -> ExecutionOrder:
    """Reads by what executions are to be ordered; newest first if it is empty.

    Raises:
        InvalidFieldError: Executions cannot be ordered so.
    """
    field, _, direction = (order_by or "createTime desc").partition(" ")
    if not ExecutionOrder.is_known(field) or direction not in ("", *_DIRECTIONS):
        raise InvalidFieldError.of(
            "orderBy", "must be createTime, endTime or priority, each with ` asc` or ` desc`"
        )
    return ExecutionOrder(field=field, descending=direction == "desc")


def stats_filter_of(request: workflows_service_pb2.GetWorkflowStatsRequest) -> StatsFilter:
    """Reads what is to be counted.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
    """
    for workflow_id in request.workflow_ids:
        refuse_nul("workflowIds", workflow_id)
    return StatsFilter(
        workflow_ids=tuple(request.workflow_ids),
        created_after=optional_time(request, "created_after", "createdAfter"),
        created_before=optional_time(request, "created_before", "createdBefore"),
        by_version=request.by_version,
    )


def text_of(text: str, field: str) -> str:
    """Returns a text that PostgreSQL keeps.

    Raises:
        InvalidFieldError: It has a character that is not allowed.
    """
    refuse_nul(field, text)
    return text


def _outputs_of(data: bytes) -> Mapping[str, bytes]:
    if not data:
        return {}
    outputs = _decoded(data, "outputs", dict[str, Raw], what="must be an object from steps' ids to outputs")
    return {step_id: bytes(output) for step_id, output in outputs.items()}


def _attributes_of(data: bytes) -> str:
    if not data:
        return ""
    field = "filter.attributes"
    _decoded(
        data,
        field,
        dict[str, str | int | float | bool],
        what="must be an object of strings, numbers and booleans",
    )
    text = data.decode()
    if "\\u0000" in text:
        raise InvalidFieldError.of(field, "must not contain the character U+0000")
    return text


def _decoded(data: bytes, field: str, type_: type[T], *, what: str = "") -> T:
    try:
        data.decode()
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError:
        raise InvalidFieldError.of(field, what) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        violation = FieldViolation(field=field, description=str(error))
        raise MalformedJsonError(f"{field}: {error}", violations=(violation,)) from None


def _uuid_of(text: str, field: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidFieldError.of(field, "must be a UUID") from None
