"""The nouns of the service as values. The numbers of the enums are those of the contract.

They are msgspec's structs: a batch makes hundreds of them, and a dataclass takes ten times as long to make.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class EventType(IntEnum):
    """What an event is a record of."""

    SPAN = 1
    SPAN_EVENT = 2
    LOG = 3
    CHANGE = 4
    CUSTOM = 5


class EventKind(IntEnum):
    """Which part of an agent's work an event is."""

    AGENT = 1
    WORKFLOW = 2
    CHAIN = 3
    LLM = 4
    EMBEDDING = 5
    TOOL = 6
    RETRIEVER = 7
    RERANKER = 8
    GUARDRAIL = 9
    EVALUATOR = 10
    PROMPT = 11
    MEMORY = 12
    PLAN = 13
    OTHER = 14


class EventStatus(IntEnum):
    """How what an event records came out."""

    UNSPECIFIED = 0
    OK = 1
    ERROR = 2


class Severity(IntEnum):
    """How bad it is."""

    UNSPECIFIED = 0
    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6


class CostSource(IntEnum):
    """Where a cost comes from."""

    REPORTED = 1
    PRICED = 2


class ScoreSource(IntEnum):
    """Who gave a score."""

    HUMAN = 1
    EVALUATOR = 2
    TELEMETRY = 3


class InstrumentKind(IntEnum):
    """What kind of numbers an instrument yields."""

    GAUGE = 1
    SUM = 2
    HISTOGRAM = 3
    EXPONENTIAL_HISTOGRAM = 4
    SUMMARY = 5


class TokenUsage(Struct, frozen=True, kw_only=True, gc=False):
    """The tokens of a call of a model.

    Attributes:
        input_tokens: Those that went in, the cached ones among them.
        output_tokens: Those that came out, those of reasoning among them.
        total_tokens: Of both; more where whoever counted them does not say of which.
        cache_read_tokens: Those of the input that were read from the provider's cache.
        cache_write_tokens: Those of the input that were written to it.
        reasoning_tokens: Those of the output that were spent on reasoning.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Cost(Struct, frozen=True, kw_only=True, gc=False):
    """What something cost, in US dollars; the parts are None where they are not known."""

    total: float
    input: float | None = None
    output: float | None = None
    source: CostSource


class Link(Struct, frozen=True, kw_only=True, gc=False):
    """Another span that a span has to do with; the attributes are a JSON object."""

    trace_id: str
    span_id: str
    attributes: bytes = b"{}"


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened while an agent worked.

    Attributes:
        id: Follows from what it is (see `ids`).
        trace_id: 32 hex digits; empty if it belongs to no trace.
        span_id: 16 hex digits; empty without a span. Of a moment: the span in which it was.
        parent_span_id: Empty for the root of a trace.
        start_ns: Since 1970, in nanoseconds.
        duration_ns: Zero for a moment.
        usage: Of this event alone: what sums up others' tokens has none, so that sums count each token once.
        cost: Likewise.
        input: What went in, as JSON; None if nobody said. See `semantics.messages` for conversations.
        output: What came out; likewise.
        attributes: A JSON object: what was sent and is in no other field as it was sent.
        resource: A JSON object: what was said of the program that reported it.
    """

    id: UUID
    type: EventType
    kind: EventKind = EventKind.OTHER
    name: str
    status: EventStatus = EventStatus.UNSPECIFIED
    severity: Severity = Severity.UNSPECIFIED
    message: str = ""
    error_type: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    start_ns: int
    duration_ns: int = 0
    execution_id: UUID | None = None
    session_id: str = ""
    user_id: str = ""
    agent_id: str = ""
    model: str = ""
    provider: str = ""
    tool_name: str = ""
    service_name: str = ""
    scope_name: str = ""
    tags: tuple[str, ...] = ()
    usage: TokenUsage | None = None
    cost: Cost | None = None
    input_preview: str = ""
    output_preview: str = ""
    input: bytes | None = None
    output: bytes | None = None
    attributes: bytes = b"{}"
    resource: bytes = b"{}"
    links: tuple[Link, ...] = ()

    @property
    def end_ns(self) -> int:
        """When it was over, since 1970, in nanoseconds."""
        return self.start_ns + self.duration_ns

    @property
    def start_time(self) -> datetime:
        """When it began, to the microsecond."""
        return EPOCH + timedelta(microseconds=self.start_ns // 1_000)

    @property
    def end_time(self) -> datetime:
        """When it was over, to the microsecond."""
        return EPOCH + timedelta(microseconds=self.end_ns // 1_000)

    @property
    def is_root(self) -> bool:
        """Whether it is the span that its trace began with."""
        return self.type is EventType.SPAN and not self.parent_span_id


class Score(Struct, frozen=True, kw_only=True, gc=False):
    """How good something was.

    Attributes:
        id: Of one that telemetry tells, it follows from what it is: the same when it is sent again.
        value: None for a score that is only a label.
        metadata: A JSON object.
    """

    id: UUID
    name: str
    value: float | None = None
    label: str = ""
    comment: str = ""
    source: ScoreSource = ScoreSource.TELEMETRY
    trace_id: str = ""
    span_id: str = ""
    execution_id: UUID | None = None
    session_id: str = ""
    author_id: str = ""
    metadata: bytes = b"{}"
    create_ns: int

    @property
    def create_time(self) -> datetime:
        """When it was given, to the microsecond."""
        return EPOCH + timedelta(microseconds=self.create_ns // 1_000)


class MetricPoint(Struct, frozen=True, kw_only=True, gc=False):
    """A point of an instrument of OpenTelemetry.

    Attributes:
        id: Of its series and time: the same when it is sent again.
        series: A hash of what tells its series from others: instrument, attributes, resource and scope.
        is_cumulative: Whether it counts from `start_ns` on, instead of from the point before.
        start_ns: When counting began; zero if nobody said.
        value: Of a gauge or sum.
        bounds: The upper bounds of all buckets but the last, or the quantiles of a summary.
        counts: How many values are in each bucket, or the values of the quantiles.
        attributes: A JSON object.
    """

    id: UUID
    series: bytes
    name: str
    kind: InstrumentKind
    unit: str = ""
    description: str = ""
    is_cumulative: bool = False
    is_monotonic: bool = False
    start_ns: int = 0
    time_ns: int
    value: float | None = None
    count: int = 0
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    bounds: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()
    service_name: str = ""
    scope_name: str = ""
    attributes: bytes = b"{}"
    resource: bytes = b"{}"
