"""From rows, and from events that were just read, to the messages of the contract.

Lists show an event without what it was sent with; `whole_message` shows everything. Times are told to the
microsecond, as they are kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom_observability import model
from timeloom_observability.model import EPOCH
from timeloom_platform.times import timestamp

Row: TypeAlias = asyncpg.Record

LISTED_COLUMNS: Final = (
    "id",
    "type",
    "kind",
    "status",
    "severity",
    "cost_source",
    "name",
    "message",
    "error_type",
    "trace_id",
    "span_id",
    "parent_span_id",
    "execution_id",
    "start_time",
    "receive_time",
    "duration_ns",
    "session_id",
    "user_id",
    "agent_id",
    "model",
    "provider",
    "tool_name",
    "service_name",
    "scope_name",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost",
    "input_cost",
    "output_cost",
    "input_preview",
    "output_preview",
    "tags",
)
"""Of the table of events, what `listed_message` reads."""

LISTED: Final = ", ".join(f"events.{name}" for name in LISTED_COLUMNS)
"""The same, for a statement that reads from `events`."""

WHOLE: Final = (
    f"{LISTED}, events.input, events.output, events.attributes, events.links,"
    " resources.attributes AS resource"
)
"""What `whole_message` reads, for a statement that joins `resources` to `events`."""

_SECOND_NS: Final = 1_000_000_000
_MILLISECOND_NS: Final = 1_000_000
_MICROSECOND_NS: Final = 1_000
_SECOND_US: Final = 1_000_000

_AS_THEY_ARE: Final = (
    "name",
    "message",
    "error_type",
    "trace_id",
    "span_id",
    "parent_span_id",
    "session_id",
    "user_id",
    "agent_id",
    "model",
    "provider",
    "tool_name",
    "service_name",
    "scope_name",
    "tags",
    "input_preview",
    "output_preview",
)
"""Fields that are in events as they are in messages."""


class _Link(msgspec.Struct, rename="camel"):
    trace_id: str
    span_id: str
    attributes: msgspec.Raw


def listed_message(row: Row) -> pb.Event:
    """Returns an event as lists show it, from a row of `LISTED`."""
    start_time, duration_ns = timestamp(row["start_time"]), row["duration_ns"]
    return pb.Event(
        id=str(row["id"]),
        type=row["type"],
        kind=row["kind"],
        name=row["name"],
        status=row["status"],
        severity=row["severity"],
        message=row["message"],
        error_type=row["error_type"],
        trace_id=_hex(row["trace_id"]),
        span_id=_hex(row["span_id"]),
        parent_span_id=_hex(row["parent_span_id"]),
        start_time=start_time,
        end_time=_end_time(start_time, duration_ns),
        duration_ms=duration_ns / _MILLISECOND_NS,
        receive_time=timestamp(row["receive_time"]),
        execution_id=_text(row["execution_id"]),
        session_id=row["session_id"],
        user_id=row["user_id"],
        agent_id=row["agent_id"],
        model=row["model"],
        provider=row["provider"],
        tool_name=row["tool_name"],
        service_name=row["service_name"],
        scope_name=row["scope_name"],
        tags=row["tags"],
        usage=usage_of(row),
        cost=_cost_of(row),
        input_preview=row["input_preview"],
        output_preview=row["output_preview"],
    )


def whole_message(row: Row) -> pb.Event:
    """Returns everything that is known of an event, from a row of `WHOLE`."""
    message = listed_message(row)
    message.input = (row["input"] or "").encode()
    message.output = (row["output"] or "").encode()
    message.attributes = row["attributes"].encode()
    message.resource = (row["resource"] or "{}").encode()
    for link in msgspec.json.decode(row["links"] or "[]", type=list[_Link]):
        message.links.add(trace_id=link.trace_id, span_id=link.span_id, attributes=bytes(link.attributes))
    return message


def message_of(event: model.Event, receive_time: datetime) -> pb.Event:
    """Returns an event that is being committed, as lists are going to show it.

    Args:
        event: As it was read.
        receive_time: When it arrived.
    """
    return pb.Event(**fields_of(event, timestamp(receive_time)))


def fields_of(event: model.Event, receive_time: Timestamp) -> dict[str, Any]:
    """Returns the fields of an event's message: most are empty, and a commit has hundreds of them."""
    start_us = event.start_ns // _MICROSECOND_NS
    # The numbers of the model's enums are the contract's.
    fields: dict[str, Any] = {
        "id": str(event.id),
        "type": event.type,
        "kind": event.kind,
        "status": event.status,
        "severity": event.severity,
        "start_time": _time(start_us),
        "end_time": _time(start_us + event.duration_ns // _MICROSECOND_NS),
        "duration_ms": event.duration_ns / _MILLISECOND_NS,
        "receive_time": receive_time,
    }
    for name in _AS_THEY_ARE:
        if value := getattr(event, name):
            fields[name] = value
    if event.execution_id is not None:
        fields["execution_id"] = str(event.execution_id)
    if event.usage is not None:
        fields["usage"] = pb.TokenUsage(**msgspec.structs.asdict(event.usage))
    if event.cost is not None:
        fields["cost"] = _cost_in(event.cost)
    return fields


def usage_of(row: Row) -> pb.TokenUsage | None:
    """Returns the tokens in a row of events or traces; None if nobody counted."""
    if row["total_tokens"] is None:
        return None
    return pb.TokenUsage(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["total_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
    )


def _cost_of(row: Row) -> pb.Cost | None:
    if row["cost"] is None:
        return None
    return pb.Cost(
        total=row["cost"],
        input=row["input_cost"],
        output=row["output_cost"],
        source=row["cost_source"],
    )


def _cost_in(cost: model.Cost) -> pb.Cost:
    source: Any = cost.source
    return pb.Cost(total=cost.total, input=cost.input, output=cost.output, source=source)


def _end_time(start_time: Timestamp, duration_ns: int) -> Timestamp:
    """Returns when an event was over, to the microsecond."""
    end_ns = start_time.seconds * _SECOND_NS + start_time.nanos + duration_ns
    return timestamp(EPOCH + timedelta(microseconds=end_ns // 1_000))


def _time(us: int) -> Timestamp:
    return Timestamp(seconds=us // _SECOND_US, nanos=us % _SECOND_US * _MICROSECOND_NS)


def _hex(raw: bytes | None) -> str:
    return raw.hex() if raw is not None else ""


def _text(identifier: UUID | None) -> str:
    return str(identifier) if identifier is not None else ""
