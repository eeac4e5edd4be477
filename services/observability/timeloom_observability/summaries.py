"""What spans add to the summaries of their traces, and traces to those of their sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from timeloom_observability.model import Event, EventKind, EventStatus, EventType, TokenUsage

_AGENTS_WORK: Final = frozenset({EventKind.AGENT, EventKind.LLM})
NAMES_MAX: Final = 20
"""So many models, services and tags of a trace are told."""


class TraceSummary(Struct, kw_only=True):
    """What some spans of a trace say of it; the summaries of all its spans, merged, say everything.

    Attributes:
        root: The span that it began with; None if that is not among them.
        has_unknown_cost: Whether there are tokens of which nobody knows what they cost.
        has_agent: Whether an agent or a model was at work.
        last_ns: When the last of them began.
    """

    id: str
    start_ns: int
    last_ns: int
    end_ns: int
    root: Event | None = None
    execution_id: UUID | None = None
    session_id: str = ""
    user_id: str = ""
    agent_id: str = ""
    span_count: int = 0
    error_count: int = 0
    usage: TokenUsage | None = None
    cost: float | None = None
    has_unknown_cost: bool = False
    has_agent: bool = False
    models: dict[str, None] = field(default_factory=dict[str, None])
    service_names: dict[str, None] = field(default_factory=dict[str, None])
    tags: dict[str, None] = field(default_factory=dict[str, None])

    def add(self, span: Event) -> None:
        """Take a span in."""
        self.start_ns = min(self.start_ns, span.start_ns)
        self.last_ns = max(self.last_ns, span.start_ns)
        self.end_ns = max(self.end_ns, span.end_ns)
        self.span_count += 1
        self.error_count += span.status is EventStatus.ERROR
        self.has_agent = self.has_agent or span.kind in _AGENTS_WORK
        if span.is_root:
            self.root = span
        self._take_names(span)
        if span.usage is not None:
            self.usage = span.usage if self.usage is None else added(self.usage, span.usage)
            self.has_unknown_cost = self.has_unknown_cost or span.cost is None
        if span.cost is not None:
            self.cost = (self.cost or 0.0) + span.cost.total

    def _take_names(self, span: Event) -> None:
        # What the root says of itself holds for all of it.
        is_better = span.is_root
        if span.execution_id is not None and (is_better or self.execution_id is None):
            self.execution_id = span.execution_id
        if span.session_id and (is_better or not self.session_id):
            self.session_id = span.session_id
        if span.user_id and (is_better or not self.user_id):
            self.user_id = span.user_id
        if span.agent_id and (is_better or span.kind is EventKind.AGENT or not self.agent_id):
            self.agent_id = span.agent_id
        for names, found in (
            (self.models, (span.model,)),
            (self.service_names, (span.service_name,)),
            (self.tags, span.tags),
        ):
            for name in found:
                if name and len(names) < NAMES_MAX:
                    names[name] = None


class SessionSummary(Struct, kw_only=True):
    """What some traces say of the session that they name."""

    id: str
    start_ns: int
    last_ns: int
    user_id: str = ""

    def add(self, trace: TraceSummary) -> None:
        """Take a trace in."""
        self.start_ns = min(self.start_ns, trace.start_ns)
        self.last_ns = max(self.last_ns, trace.last_ns)
        self.user_id = self.user_id or trace.user_id


def summarised(events: Iterable[Event]) -> dict[str, TraceSummary]:
    """Return what the spans among these events say of their traces, by the trace's id."""
    summaries: dict[str, TraceSummary] = {}
    for event in events:
        if event.type is not EventType.SPAN or not event.trace_id:
            continue
        summary = summaries.get(event.trace_id)
        if summary is None:
            summary = summaries[event.trace_id] = TraceSummary(
                id=event.trace_id, start_ns=event.start_ns, last_ns=event.start_ns, end_ns=event.end_ns
            )
        summary.add(event)
    return summaries


def sessions_of(traces: Iterable[TraceSummary]) -> list[SessionSummary]:
    """Return what traces say of their sessions, by the sessions' ids."""
    summaries: dict[str, SessionSummary] = {}
    for trace in traces:
        if not trace.session_id:
            continue
        summary = summaries.get(trace.session_id)
        if summary is None:
            summary = summaries[trace.session_id] = SessionSummary(
                id=trace.session_id, start_ns=trace.start_ns, last_ns=trace.last_ns
            )
        summary.add(trace)
    return [summaries[name] for name in sorted(summaries)]


def added(one: TokenUsage, other: TokenUsage) -> TokenUsage:
    """Return the tokens of both."""
    return TokenUsage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        total_tokens=one.total_tokens + other.total_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
    )
