"""From rows to the messages of traces, sessions and scores."""

from __future__ import annotations

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom_observability.showing import Row, usage_of
from timeloom_platform.times import timestamp

_MILLISECOND_NS = 1_000_000


def trace_message(row: Row) -> pb.Trace:
    """Returns a trace, from its row."""
    root_span_id, execution_id = row["root_span_id"], row["execution_id"]
    return pb.Trace(
        id=row["id"].hex(),
        name=row["name"],
        kind=row["kind"],
        status=_status_of(row),
        start_time=timestamp(row["start_time"]),
        end_time=timestamp(row["end_time"]),
        duration_ms=row["duration_ns"] / _MILLISECOND_NS,
        span_count=row["span_count"],
        error_count=row["error_count"],
        has_root=root_span_id is not None,
        root_span_id=root_span_id.hex() if root_span_id is not None else "",
        execution_id=str(execution_id) if execution_id is not None else "",
        session_id=row["session_id"],
        user_id=row["user_id"],
        agent_id=row["agent_id"],
        models=row["models"],
        service_names=row["service_names"],
        tags=row["tags"],
        usage=usage_of(row),
        cost=_cost_of(row),
        input_preview=row["input_preview"],
        output_preview=row["output_preview"],
    )


def session_message(row: Row) -> pb.Session:
    """Returns a session, from its row with what its traces come to."""
    return pb.Session(
        id=row["id"],
        user_id=row["user_id"],
        start_time=timestamp(row["start_time"]),
        last_time=timestamp(row["last_time"]),
        trace_count=row["trace_count"],
        error_count=row["error_count"],
        agent_ids=row["agent_ids"] or (),
        usage=usage_of(row),
        cost=_cost_of(row),
    )


def _status_of(row: Row) -> pb.EventStatus.ValueType:
    status: pb.EventStatus.ValueType
    if row["root_span_id"] is not None:
        status = row["root_status"]
    elif row["error_count"]:
        status = pb.EVENT_STATUS_ERROR
    else:
        status = pb.EVENT_STATUS_UNSPECIFIED
    return status


def _cost_of(row: Row) -> pb.Cost | None:
    return pb.Cost(total=row["cost"]) if row["cost"] is not None else None
