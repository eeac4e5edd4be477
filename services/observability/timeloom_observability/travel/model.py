"""What is to be told to time travel."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from timeloom_observability.model import Event


class Projection(Struct, frozen=True, kw_only=True):
    """A trace that is to become an execution.

    Attributes:
        token: Says for which arrival it is done.
        attempts: How often it was taken on, this time included.
    """

    project_id: UUID
    trace_id: str
    token: UUID
    attempts: int


class Told(Struct, frozen=True, kw_only=True):
    """A trace as it is told to time travel.

    Attributes:
        root_span_id: Empty until its root has arrived.
        execution_id: What it was linked to before; None if that is nothing.
        spans: In the order of their beginning, as far as is needed.
    """

    id: str
    name: str
    root_span_id: str
    execution_id: UUID | None
    session_id: str
    agent_id: str
    models: Sequence[str]
    service_names: Sequence[str]
    tags: Sequence[str]
    spans: Sequence[Event]
