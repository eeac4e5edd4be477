"""An event that is told as it is committed is the event that lists show later."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom_observability.model import (
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    Severity,
    TokenUsage,
)
from timeloom_observability.showing import message_of

RECEIVED = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_everything_but_what_was_sent_is_told() -> None:
    execution_id = uuid4()
    event = Event(
        id=UUID(int=7),
        type=EventType.SPAN,
        kind=EventKind.LLM,
        name="chat",
        status=EventStatus.ERROR,
        severity=Severity.WARN,
        message="too many",
        error_type="RateLimitError",
        trace_id="ab" * 16,
        span_id="cd" * 8,
        parent_span_id="ef" * 8,
        start_ns=1_000_000_001_999,
        duration_ns=2_500_000_001,
        execution_id=execution_id,
        session_id="s",
        user_id="u",
        agent_id="a",
        model="m",
        provider="p",
        tool_name="t",
        service_name="service",
        scope_name="scope",
        tags=("x", "y"),
        usage=TokenUsage(input_tokens=3, output_tokens=2, total_tokens=5),
        cost=Cost(total=0.5, input=0.25, source=CostSource.PRICED),
        input_preview="in",
        output_preview="out",
        input=b'"in"',
        attributes=b'{"a": 1}',
    )

    assert message_of(event, RECEIVED) == pb.Event(
        id=str(UUID(int=7)),
        type=pb.EVENT_TYPE_SPAN,
        kind=pb.EVENT_KIND_LLM,
        name="chat",
        status=pb.EVENT_STATUS_ERROR,
        severity=pb.SEVERITY_WARN,
        message="too many",
        error_type="RateLimitError",
        trace_id="ab" * 16,
        span_id="cd" * 8,
        parent_span_id="ef" * 8,
        start_time=Timestamp(seconds=1_000, nanos=1_000),
        end_time=Timestamp(seconds=1_002, nanos=500_001_000),
        duration_ms=2_500.000001,
        receive_time=Timestamp(seconds=int(RECEIVED.timestamp())),
        execution_id=str(execution_id),
        session_id="s",
        user_id="u",
        agent_id="a",
        model="m",
        provider="p",
        tool_name="t",
        service_name="service",
        scope_name="scope",
        tags=["x", "y"],
        usage=pb.TokenUsage(input_tokens=3, output_tokens=2, total_tokens=5),
        cost=pb.Cost(total=0.5, input=0.25, source=pb.COST_SOURCE_PRICED),
        input_preview="in",
        output_preview="out",
    )


def test_what_is_not_known_is_absent() -> None:
    event = Event(id=UUID(int=7), type=EventType.LOG, name="log", start_ns=0)

    message = message_of(event, RECEIVED)

    assert not message.HasField("usage")
    assert not message.HasField("cost")
    assert message.execution_id == ""
