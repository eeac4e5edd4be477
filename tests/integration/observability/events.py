"""Events that tests make in few words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from timeloom_observability.ids import Names
from timeloom_observability.model import Event, EventType

MILLISECOND = 1_000_000


def now_ns() -> int:
    """Returns the time, to the millisecond."""
    return int(datetime.now(UTC).timestamp() * 1000) * MILLISECOND


def span(
    project_id: UUID,
    number: int = 1,
    *,
    trace: int = 1,
    parent: int = 0,
    name: str = "work",
    start_ns: int = 0,
    duration_ms: float = 10,
    **fields: Any,
) -> Event:
    """Returns the span that a trace numbers so; parent 0 is none."""
    start_ns = start_ns or now_ns()
    trace_id, span_id = trace.to_bytes(16, "big"), number.to_bytes(8, "big")
    return Event(
        id=Names(project_id).span(start_ns, trace_id, span_id),
        type=EventType.SPAN,
        name=name,
        trace_id=trace_id.hex(),
        span_id=span_id.hex(),
        parent_span_id=parent.to_bytes(8, "big").hex() if parent else "",
        start_ns=start_ns,
        duration_ns=int(duration_ms * MILLISECOND),
        **fields,
    )
