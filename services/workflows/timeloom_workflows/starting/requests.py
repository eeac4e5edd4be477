"""From the messages of the contract to how executions are to begin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.workflows.v1 import workflow_executions_service_pb2 as messages
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError
from timeloom_platform.times import time_of
from timeloom_workflows.errors import NUL, refuse_nul
from timeloom_workflows.starting.starting import Wish

ATTRIBUTES_MAX: Final = 50
ATTRIBUTE_LENGTH_MAX: Final = 1_000
TAG_LENGTH_MAX: Final = 200
TIME_MAX: Final = timedelta(days=3660)


def wish_of(
    request: messages.ExecuteWorkflowRequest | messages.BatchExecuteWorkflowRequest, *, now: datetime
) -> Wish:
    """Reads how executions are to begin.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: The attributes do not parse.
    """
    refuse_nul("workflowId", request.workflow_id)
    key = request.idempotency_key if isinstance(request, messages.ExecuteWorkflowRequest) else ""
    refuse_nul("idempotencyKey", key)
    return Wish(
        workflow_id=request.workflow_id,
        version=request.version,
        priority=request.priority if request.HasField("priority") else None,
        tags=_tags_of(request.tags),
        attributes=_attributes_of(request.attributes) if request.attributes else None,
        start_time=_start_time_of(request.start_time, now) if request.HasField("start_time") else None,
        idempotency_key=key or None,
    )


def _tags_of(tags: Sequence[str]) -> tuple[str, ...]:
    for index, tag in enumerate(tags):
        refuse_nul(f"tags[{index}]", tag)
        if not 0 < len(tag) <= TAG_LENGTH_MAX:
            raise InvalidFieldError.of(f"tags[{index}]", f"must have 1 to {TAG_LENGTH_MAX} characters")
    return tuple(dict.fromkeys(tags))


def _attributes_of(data: bytes) -> bytes:
    try:
        attributes = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.ValidationError:
        raise InvalidFieldError.of("attributes", "must be an object") from None
    except msgspec.DecodeError:
        raise MalformedJsonError("attributes is not JSON.") from None
    if len(attributes) > ATTRIBUTES_MAX:
        raise InvalidFieldError.of("attributes", f"must have at most {ATTRIBUTES_MAX} members")
    for name, value in attributes.items():
        if NUL in name:
            raise InvalidFieldError.of("attributes", "must not have the character U+0000 in a name")
        _check_attribute(f"attributes.{name}", value)
    return data


def _check_attribute(field: str, value: object) -> None:
    if isinstance(value, str):
        refuse_nul(field, value)
        if len(value) > ATTRIBUTE_LENGTH_MAX:
            raise InvalidFieldError.of(field, f"must have at most {ATTRIBUTE_LENGTH_MAX:,} characters")
    elif not isinstance(value, (int, float, bool)):
        raise InvalidFieldError.of(field, "must be a string, a number or a boolean")


def _start_time_of(time: Timestamp, now: datetime) -> datetime | None:
    """Returns when to begin; None if that is now."""
    start_time = time_of(time, "startTime")
    if start_time - now > TIME_MAX:
        raise InvalidFieldError.of("startTime", "must lie within the next ten years")
    return start_time if start_time > now else None
